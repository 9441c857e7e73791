import { steadyMs } from "../clock/steadyMs.ts";
import { WeftError } from "../errors.ts";
import type { Batch } from "../wire/batch.ts";
import { ascending, maximum } from "../wire/bigintOrder.ts";
import type { MissingRange } from "../wire/heldLog.ts";
import { MAX_SYNC_PAGE_BYTES } from "../wire/limits.ts";
import { type LogId, logName } from "../wire/logRange.ts";
import { headersByHash, type Intake } from "./intake.ts";
import type { MeshLog } from "./meshLog.ts";
import type { MeshLogger } from "./meshLogger.ts";
import type { Peer, PeerTurns } from "./peerTurns.ts";
import type { SyncAnswer, SyncAsk } from "./syncMessages.ts";
import type { Verdict } from "./verdict.ts";

/** Asks a peer over the sync protocol; throws if the peer gives no valid answer in time. */
export type Ask = (peerId: string, ask: SyncAsk) => Promise<SyncAnswer>;

/** The result of one round over a log's missing ranges. */
export type Round = {
  /** How many batches were stored. */
  readonly stored: number;
  /** Set if all peers lack the sequence `first`, the log's `next`; the log could go on at `behind`. */
  readonly absent: { readonly first: bigint; readonly behind: bigint | undefined } | undefined;
  readonly refused: readonly Refused[];
  /** True if a batch came that can't be judged yet: the chain has to be read on, or time to pass. */
  readonly waits: boolean;
};

/** The sequences [from, until) of a log that this node refuses for good. */
export type Refused = { readonly from: bigint; readonly until: bigint };

/** A peer's part in one missing range: how far the peer filled the range from its start, and why no further. */
type Part = {
  readonly kind: "done" | "absent" | "failed" | "waits";
  readonly stored: number;
  readonly reached: bigint;
  /** The batch that the peer has at `reached`, if this node refuses it for good. */
  readonly refused?: Refused;
  /** Where the peer has batches again, or where the refused batch ends. */
  readonly behind?: bigint | undefined;
};

type Fetch = {
  readonly log: LogId;
  readonly meshLog: MeshLog;
  readonly intake: Intake;
  readonly ask: Ask;
  readonly turns: PeerTurns;
  readonly logger: MeshLogger;
  readonly signal: AbortSignal;
};

/** The bounds of a peer's part in a round: a peer that is slow or never ends leaves the range to the next one. */
const MAX_PAGES_PER_PART = 4096;
const PART_MS = 10_000;
/** How often a peer may skip sequences in one part. */
const MAX_SKIPS = 16;

/**
 * Fetches the missing ranges of a log, one by one and page by page. Peers are asked one after the other until a range
 * is full: those first that have given what they claimed, and only those that claim to reach into the range.
 */
export async function catchUpLog(
  params: Fetch & {
    ranges: readonly MissingRange[];
    peers: () => readonly Peer[];
  },
): Promise<Round> {
  const { log, meshLog, ranges, turns, signal } = params;
  let stored = 0;
  let waits = false;
  let absent: Round["absent"];
  const refused: Refused[] = [];
  const { next } = meshLog.headOf(log).range;
  for (const range of ranges) {
    const parts = new Map<string, Part>();
    let at = range.from;
    const candidates = () =>
      params.peers().filter(({ peerId, reaches }) => !parts.has(peerId) && reaches > at);
    while (!waits && !signal.aborted && (range.until === undefined || at < range.until)) {
      const rest = { from: at, until: range.until };
      const part = await turns.take(candidates, async ({ peerId }) => {
        const took = await takePart({ ...params, peerId, range: rest });
        parts.set(peerId, took);
        return took;
      });
      if (part === undefined) break;
      stored += part.stored;
      at = part.reached;
      waits = part.kind === "waits";
    }
    const all = [...parts.values()];
    const nobody =
      at === range.from && params.peers().length > 0 && all.every(({ kind }) => kind === "absent");
    if (nobody) refused.push(...all.flatMap((part) => part.refused ?? []).slice(0, 1));
    if (range.from === next && nobody) absent = { first: at, behind: nearest(range, all) };
  }
  return { stored, absent, refused, waits };
}

/** Takes a peer's part in a range; a peer that gives nothing of what it claims is asked last from then on. */
async function takePart(params: Fetch & { peerId: string; range: MissingRange }): Promise<Part> {
  const { turns, peerId } = params;
  const part = await fetchRange(params);
  if (part.stored > 0) turns.noteGiven(peerId);
  else if (part.kind === "failed" || (part.kind === "absent" && part.refused === undefined)) {
    turns.noteOwing(peerId);
  }
  // Otherwise a peer that always breaks off would keep the log from ever going on.
  if (part.kind === "failed" && turns.isDefaulting(peerId)) return { ...part, kind: "absent" };
  return part;
}

/**
 * Asks one peer for page after page. Skips what the peer lacks and fetches what follows; `reached` stays at the first
 * skip.
 */
async function fetchRange(params: Fetch & { peerId: string; range: MissingRange }): Promise<Part> {
  const { log, ask, peerId, logger, signal } = params;
  const { until } = params.range;
  let { from } = params.range;
  let part: Part = { kind: "done", stored: 0, reached: from };
  const endMs = steadyMs() + PART_MS;
  let skips = 0;
  try {
    for (let page = 0; page < MAX_PAGES_PER_PART && !signal.aborted; page++) {
      if (steadyMs() > endMs) return part.stored > 0 ? part : { ...part, kind: "failed" };
      const answer = await ask(peerId, { kind: "range", log, from, until, maxBytes: MAX_SYNC_PAGE_BYTES });
      if (answer.kind === "page") {
        const taken = await takePage({ ...params, from, batches: answer.batches });
        const reached = part.kind === "absent" ? part.reached : taken.reached;
        part = { ...part, stored: part.stored + taken.stored, reached };
        if (taken.kind === "failed" || taken.kind === "waits") return { ...part, kind: taken.kind };
        if (taken.kind === "absent") return { ...taken, stored: part.stored, reached };
        from = taken.reached;
        if (until !== undefined && from >= until) return part;
        continue;
      }
      if (answer.kind !== "absent" && answer.kind !== "pruned") return { ...part, kind: "failed" };
      const behind = answer.kind === "absent" ? answer.availableFrom : answer.floor;
      part = { ...part, kind: "absent", behind: part.behind ?? behind };
      if (behind === undefined || behind <= from || (until !== undefined && behind >= until)) return part;
      if (++skips > MAX_SKIPS) return { ...part, kind: "failed" };
      from = behind;
    }
    return part;
  } catch (error) {
    logger.debug({ peerId, log: logName(log), error }, "a range could not be fetched");
    return { ...part, kind: "failed" };
  }
}

/** Checks and stores a page's batches together, so that they share one synced write. */
async function takePage(
  params: Fetch & { peerId: string; from: bigint; batches: readonly Batch[] },
): Promise<Part> {
  const { intake, peerId, from, batches } = params;
  const end = endOfPage(params);
  const beside = headersByHash(batches);
  const verdicts = await Promise.all(batches.map((batch) => intake.take({ batch, from: peerId, beside })));
  const stored = verdicts.filter((verdict) => verdict.kind === "accept" && verdict.stored).length;
  const at = verdicts.findIndex(({ kind }) => kind !== "accept");
  const [refused, verdict] = [batches[at], verdicts[at]];
  if (refused === undefined || verdict === undefined) return { kind: "done", stored, reached: end };
  const { firstSequence, count } = refused.header;
  const reached = maximum(firstSequence, from);
  if (verdict.kind === "park") return { kind: "waits", stored, reached };
  if (!isFinal(verdict)) return { kind: "failed", stored, reached };
  const behind = firstSequence + BigInt(count);
  return { kind: "absent", stored, reached, behind, refused: { from: reached, until: behind } };
}

/** True if this node refuses a batch for good. It counts as absent, so that the log can go on after it some day. */
function isFinal(verdict: Verdict): boolean {
  if (verdict.kind !== "ignore") return false;
  return [
    ...["anchor-went-back", "time-went-back", "originator-left", "old-generation"],
    ...["unserved-shard", "bad-envelope"],
  ].includes(verdict.reason);
}

/** Returns the sequence after the page's last one. Throws `malformed` if the page does not cover all from `from` on. */
function endOfPage(params: { log: LogId; from: bigint; batches: readonly Batch[] }): bigint {
  const { log, from, batches } = params;
  let end = from;
  for (const { header } of batches) {
    if (logName(header) !== logName(log) || header.firstSequence > end) {
      throw new WeftError({ code: "malformed", message: "a sync page with a gap or of another log" });
    }
    end = maximum(end, header.firstSequence + BigInt(header.count));
  }
  if (end > from) return end;
  throw new WeftError({ code: "malformed", message: "a sync page that ends before the sequence asked for" });
}

/** Finds where a log could go on: at what is held after the missing range, or where the first peer has batches. */
function nearest({ from, until }: MissingRange, parts: readonly Part[]): bigint | undefined {
  const places = [until, ...parts.map(({ behind }) => behind)].filter((place) => place !== undefined);
  return places.filter((place) => place > from).sort(ascending)[0];
}
