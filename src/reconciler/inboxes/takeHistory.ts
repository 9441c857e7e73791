import { WeftError } from "../../errors.ts";
import type { InboxHistory } from "../../identity/inboxHistory.ts";
import { type HistoryFault, keyWalletsOf, replayHistory } from "../../identity/replayHistory.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { History } from "../../wire/history.ts";
import { EMPTY_WORD, MAX_HISTORY_STEPS } from "../../wire/identityStep.ts";
import type { Address, InboxId } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";

/**
 * What is wrong with a history that a node serves; each fault is that node's, and nothing of the history is used.
 *
 * - `gap`: steps are missing between the known ones and the number of steps that the node names.
 * - `word-mismatch`: the steps give another word than the node says.
 * - `rewritten`: the history contradicts steps that were final long before the node's newest block.
 * - `forged`: a wallet that has shown a key of its own is presented as a contract.
 */
export type ServedFault = HistoryFault | "gap" | "word-mismatch" | "rewritten" | "forged";

/** What this client knew of an inbox before it asked. */
export type KnownHistory = {
  readonly history: InboxHistory | undefined;
  /** Wallets that have shown a key of their own, also in a history that a reorganization took. */
  readonly keyWallets: readonly Address[];
};

export type TakenHistory = {
  readonly history: InboxHistory | undefined;
  /** False: the rest is on the next page. */
  readonly isWhole: boolean;
  /** The known steps are not a part of this history. */
  readonly isReplaced: boolean;
};

/** A revocation needs an installation, and each of those is a step. */
const MOST_STEPS = 2 * MAX_HISTORY_STEPS;

/** Checks and replays what a node serves of an inbox. Throws `bad-history` with the fault's name in the message. */
export function takeHistory(params: {
  network: Network;
  inbox: InboxId;
  /** The history that the client had when it asked the node. */
  base: InboxHistory | undefined;
  known: KnownHistory;
  served: History;
  head: BlockRef;
  finalityBlocks: number;
}): TakenHistory {
  const { network, inbox, base, known, served, head, finalityBlocks } = params;
  const { from, steps, count, word } = served;
  const baseCount = base?.count ?? 0;
  if (from !== 0 && from !== baseCount) throw badHistory(inbox, "gap");
  if (count > MOST_STEPS) throw badHistory(inbox, "too-long");
  if (from + steps.length > count) throw badHistory(inbox, "gap");
  if (steps.some(({ block }) => block > head.number)) throw badHistory(inbox, "out-of-order");
  const isReplaced = from < baseCount;
  const replay = replayHistory({ network, inbox, known: isReplaced ? undefined : base, steps });
  if (replay.kind === "impossible") throw badHistory(inbox, replay.fault, replay.step);
  const { history } = replay;
  const isWhole = from + steps.length === count;
  if (isWhole && (history?.word ?? EMPTY_WORD) !== word) throw badHistory(inbox, "word-mismatch");
  const isForged = known.keyWallets.some((wallet) => isMadeContract(history, wallet));
  if (isForged) throw badHistory(inbox, "forged");
  const finalBlock = head.number - finalityBlocks;
  if (isWhole && isReplaced && known.history && !keepsFacts({ known: known.history, history, finalBlock })) {
    throw badHistory(inbox, "rewritten");
  }
  return { history, isWhole, isReplaced };
}

function isMadeContract(history: InboxHistory | undefined, wallet: Address): boolean {
  const hasSigned = history?.signers.some((signer) => signer.wallet === wallet) ?? false;
  return hasSigned && !keyWalletsOf(history).includes(wallet);
}

/** True if all known facts of final blocks are also in the new history. */
function keepsFacts(params: {
  known: InboxHistory;
  history: InboxHistory | undefined;
  finalBlock: number;
}): boolean {
  const { known, history, finalBlock } = params;
  if (known.block <= finalBlock) return false;
  const isFinal = (block: number | undefined) => block !== undefined && block <= finalBlock;
  return known.installations
    .filter(({ addedBlock }) => isFinal(addedBlock))
    .every((before) => {
      const now = history?.installations.find((one) => one.installation === before.installation);
      const isRevoked = isFinal(before.revokedBlock);
      return (
        now?.addedBlock === before.addedBlock && (!isRevoked || now.revokedBlock === before.revokedBlock)
      );
    });
}

export function badHistory(inbox: InboxId, fault: ServedFault, step?: number): WeftError {
  const place = step === undefined ? "" : ` at step ${step}`;
  return new WeftError({ code: "bad-history", message: `the history of ${inbox} is ${fault}${place}` });
}
