import type { Operated } from "../../reconciler/witness/nextOperators.ts";
import { MAX_WORDS_PER_CALL } from "../../rpc/limits.ts";
import type { Address, InboxId } from "../../wire/ids.ts";
import { NO_WORDS, readAgreed } from "./readAgreed.ts";
import type { Witnesses } from "./witnesses.ts";

/** Reads the inbox of each wallet that is linked to one, as two witnesses say; undefined while no two say so. */
export async function readInboxesOf(params: {
  witnesses: Witnesses;
  /** Nodes of which two are asked. */
  panel: readonly Operated[];
  wallets: readonly Address[];
  signal: AbortSignal;
}): Promise<ReadonlyMap<Address, InboxId> | undefined> {
  const { wallets } = params;
  const linked = new Map<Address, InboxId>();
  for (let i = 0; i < wallets.length; i += MAX_WORDS_PER_CALL) {
    const some = wallets.slice(i, i + MAX_WORDS_PER_CALL);
    const reading = await readAgreed({ ...params, list: { ...NO_WORDS, wallets: some } });
    if (reading.kind !== "agreed") return undefined;
    for (const [j, wallet] of some.entries()) {
      const inbox = reading.words.wallets[j];
      if (inbox !== undefined) linked.set(wallet, inbox);
    }
  }
  return linked;
}
