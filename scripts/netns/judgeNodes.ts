import type { LogDigest } from "../../src/wire/topicDigest.ts";
import { type Copies, readTopic } from "./openEar.ts";
import type { World } from "./openWorld.ts";
import type { Poster } from "./startPoster.ts";

/**
 * Reads all nodes anew from the beginning, when nothing is posted any more: what does not hold, in words. Each
 * acknowledged envelope has to be on each node, once, none that nobody posted, and the digests have to be equal.
 */
export async function judgeNodes(params: { world: World; poster: Poster }): Promise<string[]> {
  const { world, poster } = params;
  const { topic } = world;
  const found = await Promise.all(
    world.seats.map(async ({ host, api }) =>
      judgeCopies({ copies: await readTopic({ api, topic }), poster }).map((what) => `${host.name} ${what}`),
    ),
  );
  const digests = await Promise.all(
    world.seats.map(async ({ api }) => {
      const [logs = []] = await api.getTopicDigests({ topics: [{ topic }] });
      return logs.map(describeDigest).sort().join("\n");
    }),
  );
  const isEqual = digests.every((digest) => digest === digests[0] && digest !== "");
  return [...found.flat(), ...(isEqual ? [] : ["the nodes' digests differ"])];
}

/** What does not hold of all that one node has. */
export function judgeCopies(params: {
  copies: Copies;
  poster: Pick<Poster, "posted" | "acknowledged">;
}): string[] {
  const { copies, poster } = params;
  const lost = [...poster.acknowledged.keys()].filter((hash) => !copies.has(hash)).length;
  const doubled = [...copies.values()].filter((count) => count !== 1).length;
  const foreign = [...copies.keys()].filter((hash) => !poster.posted.has(hash)).length;
  return [
    ...(lost > 0 ? [`lacks ${lost} acknowledged envelopes`] : []),
    ...(doubled > 0 ? [`has ${doubled} more than once`] : []),
    ...(foreign > 0 ? [`has ${foreign} that nobody posted`] : []),
  ];
}

function describeDigest({ log, floor, next, sum, conflicted }: LogDigest): string {
  const name = `${log.node}/${log.generation}/${log.shard} ${floor}-${next}`;
  return `${name} ${sum.count} ${sum.sum.toString(16)}${conflicted ? " conflicted" : ""}`;
}
