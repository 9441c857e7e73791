import { wallMs } from "../clock/wallMs.ts";
import { byTurns } from "../wire/byTurns.ts";
import { hasShard } from "../wire/shards.ts";
import type { MeshLog, TopHead } from "./meshLog.ts";
import { MAX_HEADS, MAX_SYNC_REQUEST_BYTES, type ToldHeads } from "./syncMessages.ts";

/** Tells how far this node holds the logs of these shards (bit n for shard n), and what its clock shows. */
export type TellHeads = (params: { shards: bigint }) => Promise<ToldHeads>;

/** How many heads of a full message are of the logs that there is no room for, by turns: others in each message. */
const TURNING_HEADS = 200;
/** About how much a head and a branch take in a message, and how much all of them may take. */
const HEAD_BYTES = 120;
const BRANCH_BYTES = 48;
const MAX_BYTES = 0.8 * MAX_SYNC_REQUEST_BYTES;

/**
 * Opens a teller of heads. If there are too many logs for one message, it takes one log of each node, of its newest
 * generation, before the next, so that a node with thousands of generations hides no other's; the rest comes by turns.
 */
export function openHeadTeller({ log }: { log: Pick<MeshLog, "heads" | "branches"> }): TellHeads {
  let turn = 0;
  return async ({ shards }) => {
    const heads = log.heads().filter(({ range }) => hasShard({ bitmap: shards, shard: range.log.shard }));
    const ordered = heads.length > MAX_HEADS ? byTurns(heads, ({ range }) => range.log) : heads;
    const first = ordered.slice(0, heads.length > MAX_HEADS ? MAX_HEADS - TURNING_HEADS : MAX_HEADS);
    const rest = ordered.slice(first.length);
    if (turn >= rest.length) turn = 0;
    const told: TopHead[] = [];
    let bytes = 0;
    for (const head of [...first, ...rest.slice(turn, turn + TURNING_HEADS)]) {
      const { tips } = await log.branches(head.range.log);
      bytes += HEAD_BYTES + BRANCH_BYTES * tips.length;
      told.push({ ...head, branches: bytes > MAX_BYTES ? [] : tips });
      if (bytes > MAX_BYTES) bytes -= BRANCH_BYTES * tips.length;
    }
    turn += TURNING_HEADS;
    return { kind: "heads", heads: told, clockMs: wallMs() };
  };
}
