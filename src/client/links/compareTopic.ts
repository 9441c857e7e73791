import type { NodeApi } from "../../rpc/nodeApi.ts";
import { sumOfRange } from "../../store/topicSums.ts";
import type { LogRange } from "../../wire/logRange.ts";
import { isSameSum, type LogDigest, type LogSpan, type TopicSum } from "../../wire/topicDigest.ts";
import type { CoreParts } from "../group/core.ts";
import { placesRead } from "../messages/topicReads.ts";

/** A run with no more envelopes than this is fetched as it is. */
const FEW_ENVELOPES = 128;
const PARTS = 16n;
const MAX_ROUNDS = 8;

type Params = { core: CoreParts<"database" | "topicSums">; topic: Uint8Array };

/** Computes the digest of what this client has read of one run of a log. */
async function sumRead({ core, topic }: Params, { log, floor: from, next: to }: LogSpan): Promise<TopicSum> {
  const places = placesRead(core);
  const read = { places, topic, log, from, to, maxRows: Number.MAX_SAFE_INTEGER };
  return (await sumOfRange(read)).sum;
}

/** Gives those of another node's digests that differ from what this client has read. */
export async function differing(params: Params & { digests: readonly LogDigest[] }): Promise<LogDigest[]> {
  const found: LogDigest[] = [];
  for (const digest of params.digests)
    if (!isSameSum(await sumRead(params, digest), digest.sum)) found.push(digest);
  return found;
}

/** Counts the envelopes that this client has read of each run. */
export async function readCounts(params: Params & { spans: readonly LogSpan[] }): Promise<number[]> {
  const counts: number[] = [];
  for (const span of params.spans) counts.push((await sumRead(params, span)).count);
  return counts;
}

/**
 * Says from where on envelopes have to be asked for, as a vector of what this client has: after the runs that agree,
 * and in a run that differs from about the first difference on.
 */
export async function vectorBefore(
  params: Params & {
    api: NodeApi;
    /** The vector that the serving node claims to have. */
    claimed: readonly LogRange[];
    digests: readonly LogDigest[];
    differing: readonly LogDigest[];
    signal: AbortSignal;
  },
): Promise<LogRange[]> {
  const { claimed, digests } = params;
  const vector = new Map(claimed.map((range) => [nameOf(range), range]));
  for (const digest of digests) vector.set(nameOf(digest), upTo(digest, digest.next));
  for (const digest of params.differing)
    vector.set(nameOf(digest), upTo(digest, await firstOf({ ...params, digest })));
  return [...vector.values()];
}

async function firstOf(
  params: Params & { api: NodeApi; digest: LogDigest; signal: AbortSignal },
): Promise<bigint> {
  const { core, topic, api, signal } = params;
  let { digest } = params;
  if (digest.sum.count === 0) return digest.next;
  for (let round = 0; round < MAX_ROUNDS && digest.sum.count > FEW_ENVELOPES; round++) {
    const [parts = []] = await api.getTopicDigests(
      { topics: [{ topic, ranges: partsOf(digest) }] },
      { signal },
    );
    const [first] = await differing({ core, topic, digests: parts });
    if (!first || first.floor < digest.floor || first.next - first.floor >= digest.next - digest.floor) break;
    digest = first;
  }
  return digest.floor;
}

function partsOf({ log, floor, next }: LogSpan): LogSpan[] {
  const step = (next - floor + PARTS - 1n) / PARTS;
  const parts: LogSpan[] = [];
  for (let at = floor; at < next; at += step) {
    parts.push({ log, floor: at, next: at + step < next ? at + step : next });
  }
  return parts;
}

function upTo({ log, floor }: LogSpan, next: bigint): LogRange {
  return { log, floor: floor < next ? floor : next, next, headerHash: undefined };
}

function nameOf({ log }: Pick<LogSpan, "log">): string {
  return `${log.node}/${log.generation}/${log.shard}`;
}
