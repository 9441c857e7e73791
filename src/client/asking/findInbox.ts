import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import { WeftError } from "../../errors.ts";
import type { Address, InboxId } from "../../wire/ids.ts";
import type { CoreParts } from "../group/core.ts";
import { readInboxesOf } from "../witness/readInboxesOf.ts";
import { rankLookUpNodes } from "./lookUpNodes.ts";

/** For so long witnesses are asked again who do not agree yet: a new inbox is not known everywhere at once. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 250;

/**
 * Finds the inbox of a wallet, as two witnesses say: nobody is to be talked to because one node says so. Throws
 * `unknown-record` for a wallet that is in no inbox, `node-unreachable` if no two witnesses say whose it is.
 */
export async function findInbox(params: {
  core: CoreParts<"links" | "online" | "self" | "witnesses">;
  wallet: Address;
  signal: AbortSignal;
}): Promise<InboxId> {
  const { core, wallet, signal } = params;
  const untilMs = steadyMs() + PATIENCE_MS;
  for (;;) {
    const asked = { witnesses: core.witnesses, panel: rankLookUpNodes(core), signal };
    const linked = core.online && (await readInboxesOf({ ...asked, wallets: [wallet] }));
    const inbox = linked?.get(wallet);
    if (inbox !== undefined) return inbox;
    if (core.online && steadyMs() < untilMs) await waitMs({ ms: PAUSE_MS, signal });
    else throw notFound(wallet, linked !== undefined);
    signal.throwIfAborted();
  }
}

function notFound(wallet: Address, isAgreed: boolean): WeftError {
  if (isAgreed) {
    return new WeftError({
      code: "unknown-record",
      message: `the wallet ${wallet} is in no inbox of this network`,
      hint: "Check the address: an inbox comes to be when the wallet's first device is set up.",
    });
  }
  return new WeftError({
    code: "node-unreachable",
    message: `no two witnesses say whose the wallet ${wallet} is`,
    hint: "Try again when nodes of two operators answer, or name the person by inbox id: that works offline, too.",
  });
}
