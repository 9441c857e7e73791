import { WeftError } from "../../errors.ts";
import type { InboxHistory } from "../../identity/inboxHistory.ts";
import { badHistory, type KnownHistory, takeHistory } from "../../reconciler/inboxes/takeHistory.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import { EMPTY_WORD } from "../../wire/identityStep.ts";
import type { InboxId } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";

/** A history that is whole, checked and replayed; `history` is undefined if the chain does not know the inbox. */
export type FetchedHistory = {
  readonly inbox: InboxId;
  readonly history: InboxHistory | undefined;
  readonly isReplaced: boolean;
};

/** Histories that are all whole at the end of block `head`. */
export type FetchedHistories = { readonly head: BlockRef; readonly fetched: readonly FetchedHistory[] };

/** How often the steps that a node has served may turn out to be gone before the rest is read. */
const MAX_RESTARTS = 3;

/**
 * Reads the histories of inboxes (MAX_INBOXES_PER_CALL at most) by way of one node, from what is known of each on, and
 * gives those that have become whole with each page. Throws `not-ready` if the node has not read the chain up to
 * `block`, `bad-history` for what the contract can't have written or what contradicts final facts.
 */
export async function* fetchHistories(params: {
  network: Network;
  finalityBlocks: number;
  api: Pick<NodeApi, "getHistories">;
  inboxes: readonly InboxId[];
  known: (inbox: InboxId) => KnownHistory;
  block: number;
  signal: AbortSignal;
}): AsyncGenerator<FetchedHistories> {
  const { network, finalityBlocks, api, known, block, signal } = params;
  const readings = new Map(params.inboxes.map((inbox) => [inbox, openReading(known(inbox))]));
  while (readings.size > 0) {
    const asked = [...readings.keys()];
    const inboxes = asked.map((inbox) => positionOf(inbox, readings.get(inbox)?.base));
    const { histories, head } = await api.getHistories({ inboxes }, { signal });
    if (head === undefined || head.number < block) throw notReady(block);
    const fetched: FetchedHistory[] = [];
    let steps = 0;
    for (const [at, inbox] of asked.entries()) {
      const reading = readings.get(inbox);
      const served = histories[at];
      if (!reading || !served) throw badHistory(inbox, "gap");
      steps += served.steps.length;
      const taken = takeHistory({
        ...{ network, inbox, base: reading.base, known: reading.known, served, head, finalityBlocks },
      });
      const isReplaced = reading.isReplaced || taken.isReplaced;
      const restarts = reading.restarts + (taken.isReplaced ? 1 : 0);
      if (taken.isWhole) fetched.push({ inbox, history: taken.history, isReplaced });
      if (taken.isWhole) readings.delete(inbox);
      else readings.set(inbox, { ...reading, base: taken.history, isReplaced, restarts });
      if (restarts > MAX_RESTARTS) throw badHistory(inbox, "gap");
    }
    // Each page has to bring at least one step of what is left.
    const [open] = readings.keys();
    if (open !== undefined && steps === 0) throw badHistory(open, "gap");
    if (fetched.length > 0) yield { head, fetched };
  }
}

type Reading = {
  readonly known: KnownHistory;
  /** The history as far as it was read. */
  readonly base: InboxHistory | undefined;
  readonly isReplaced: boolean;
  readonly restarts: number;
};

function openReading(known: KnownHistory): Reading {
  return { known, base: known.history, isReplaced: false, restarts: 0 };
}

function positionOf(inbox: InboxId, history: InboxHistory | undefined) {
  return { inbox, count: history?.count ?? 0, word: history?.word ?? EMPTY_WORD };
}

function notReady(block: number): WeftError {
  const message = `the node has not read the chain up to block ${block}`;
  return new WeftError({ code: "not-ready", message });
}
