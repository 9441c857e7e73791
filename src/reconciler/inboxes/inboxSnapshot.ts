import { type InboxHistory, knownInboxOf } from "../../identity/inboxHistory.ts";
import { keyWalletsOf } from "../../identity/replayHistory.ts";
import { EMPTY_WORD } from "../../wire/identityStep.ts";
import type { Address } from "../../wire/ids.ts";
import type { InboxSnapshot } from "../records/records.ts";

/** Makes the snapshot of a history that is whole at the end of block `asOf`. */
export function snapshotOf(params: {
  history: InboxHistory | undefined;
  /** The wallets that were known before to have keys. */
  keyWallets: readonly Address[];
  asOf: number;
  /** See InboxSnapshot; provisional if it is before `asOf`. */
  confirmedAsOf: number;
}): InboxSnapshot {
  const { history, keyWallets, asOf, confirmedAsOf } = params;
  return {
    asOf,
    inbox: history && knownInboxOf(history),
    history,
    count: history?.count ?? 0,
    word: history?.word ?? EMPTY_WORD,
    isProvisional: confirmedAsOf < asOf,
    confirmedAsOf,
    keyWallets: [...new Set([...keyWallets, ...keyWalletsOf(history)])],
  };
}

/**
 * Tells what remains of a snapshot when all blocks after a block are gone: the snapshot itself if its steps are of
 * earlier blocks, otherwise only which wallets have keys.
 */
export function snapshotBefore(params: { snapshot: InboxSnapshot; afterBlock: number }): InboxSnapshot {
  const { snapshot, afterBlock } = params;
  const { history, keyWallets } = snapshot;
  const confirmedAsOf = Math.min(snapshot.confirmedAsOf, afterBlock);
  if (history !== undefined && history.block <= afterBlock) {
    return snapshotOf({ history, keyWallets, asOf: afterBlock, confirmedAsOf });
  }
  return snapshotOf({ history: undefined, keyWallets, asOf: NEVER, confirmedAsOf: NEVER });
}

/** Earlier than any block, so the inbox has to be asked for. */
const NEVER = -1;
