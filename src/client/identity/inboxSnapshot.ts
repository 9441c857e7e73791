import { type InboxHistory, knownInboxOf } from "../../identity/inboxHistory.ts";
import { keyWalletsOf } from "../../identity/replayHistory.ts";
import { EMPTY_WORD } from "../../wire/identityStep.ts";
import type { Address } from "../../wire/ids.ts";
import type { InboxSnapshot } from "../tables.ts";

/** What is kept of a history that is whole at the end of block `asOf`. */
export function snapshotOf(params: {
  history: InboxHistory | undefined;
  /** That were known before. */
  keyWallets: readonly Address[];
  asOf: number;
  isProvisional: boolean;
}): InboxSnapshot {
  const { history, keyWallets, asOf, isProvisional } = params;
  return {
    asOf,
    inbox: history && knownInboxOf(history),
    history,
    count: history?.count ?? 0,
    word: history?.word ?? EMPTY_WORD,
    isProvisional,
    keyWallets: [...new Set([...keyWallets, ...keyWalletsOf(history)])],
  };
}

/**
 * What stays of a snapshot when all blocks after one are gone: the same if its steps are of earlier blocks, else nothing
 * but which wallets have keys.
 */
export function snapshotBefore(params: { snapshot: InboxSnapshot; afterBlock: number }): InboxSnapshot {
  const { snapshot, afterBlock } = params;
  const { history, keyWallets } = snapshot;
  if (history !== undefined && history.block <= afterBlock) return { ...snapshot, asOf: afterBlock };
  return snapshotOf({ history: undefined, keyWallets, asOf: NEVER, isProvisional: true });
}

/** Earlier than any block: it has to be asked for. */
const NEVER = -1;
