import { verifyReceipts } from "../../reconciler/messages/verifyReceipts.ts";
import type { TopicPositionRecord } from "../../reconciler/records/records.ts";
import type { StoredEnvelope } from "../../rpc/nodeApi.ts";
import { keyOf, parseKey, rangeOf } from "../../store/keys.ts";
import { clientSchema } from "../../store/schema.ts";
import { forgetSums, forgetSumsBehind, type TopicPlaces } from "../../store/topicSums.ts";
import { del, type Write } from "../../store/writeAtomic.ts";
import { envelopeHash } from "../../wire/envelope.ts";
import { asId, type EnvelopeHash, fromHex, type Hex, type NodeId } from "../../wire/ids.ts";
import type { LogId } from "../../wire/logRange.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";

/** The place at which a registered node's log has taken in an envelope, by its receipt. */
export type ReadPlace = {
  readonly topic: Uint8Array;
  readonly log: LogId;
  readonly sequence: bigint;
  readonly header: Hex;
  readonly hash: EnvelopeHash;
  /** The time of the batch by the log's node, ms since 1970. */
  readonly timeMs: number;
};

type ReadsCore = CoreParts<"database" | "topicSums">;

/** Gives what this client has read of its topics, by the places in the nodes' logs. */
export function placesRead({ database, topicSums: cache }: ReadsCore): TopicPlaces {
  return { database, record: clientSchema.topicRead, cache };
}

/** Lists the places of envelopes by those of their receipts that verify. */
export function placesIn(
  core: CoreParts<"links" | "network">,
  envelopes: readonly StoredEnvelope[],
): ReadPlace[] {
  const { network, links } = core;
  return envelopes.flatMap(({ envelope, receipts }) => {
    const hash = envelopeHash(envelope);
    const { topic } = envelope;
    return receipts.flatMap((receipt): ReadPlace[] => {
      const [verified] = verifyReceipts({
        ...{ network, nodes: links.nodes, envelope, hash, receipts: [receipt] },
      });
      if (!verified) return [];
      const { log, first, headerHash: header, timeMs } = verified;
      return [{ topic, log, sequence: first + BigInt(receipt.index), header, hash, timeMs }];
    });
  });
}

export function readWrites(places: readonly ReadPlace[]): Write[] {
  return places.map((place) => tables.topicRead.put(keyFields(place), fromHex(place.hash)));
}

/** Keeps the places that were not read before. */
export async function unread(
  core: CoreParts<"database">,
  places: readonly ReadPlace[],
): Promise<ReadPlace[]> {
  const keys = places.map((place) => keyOf(clientSchema.topicRead, keyFields(place)));
  const known = await core.database.level.hasMany(keys);
  return places.filter((_, i) => known[i] !== true);
}

/** Keeps the envelopes whose places were not all read before: what was read is dealt with. */
export async function withoutRead(
  core: CoreParts<"database" | "links" | "network">,
  envelopes: readonly StoredEnvelope[],
): Promise<StoredEnvelope[]> {
  const fresh: StoredEnvelope[] = [];
  for (const one of envelopes) {
    const places = placesIn(core, [one]);
    if (places.length === 0 || (await unread(core, places)).length > 0) fresh.push(one);
  }
  return fresh;
}

/** Forgets the sums that these places change. Call it before and after the places are written. */
export function noteRead(core: CoreParts<"database" | "topicSums">, places: readonly ReadPlace[]): void {
  for (const place of places) forgetSumsBehind({ places: placesRead(core), ...place });
}

/**
 * Has a topic read again from its beginning, or from `position`: what was read after that counts as not read, so that a
 * node can't leave it out the second time.
 */
export async function readAnewWrites(params: {
  core: ReadsCore;
  topic: Uint8Array;
  position?: TopicPositionRecord | undefined;
}): Promise<Write[]> {
  const { core, topic, position } = params;
  const kept = new Map(position?.vector.map(({ log, next }) => [nameOf(log), next]));
  const writes: Write[] = [];
  const range = rangeOf(clientSchema.topicRead, { topic });
  for await (const key of core.database.level.keys(range)) {
    const { node, generation, shard, sequence } = parseKey(clientSchema.topicRead, key);
    const next = kept.get(nameOf({ node: asId<NodeId>(node), generation, shard })) ?? 0n;
    if (sequence >= next) writes.push(del(key));
  }
  forgetSums(core.topicSums);
  // `had` is left out, so that no node is blamed: a cursor's node may have shown before what stands after the vector,
  // since another node has given the vector.
  const from = position && { cursors: position.cursors, vector: position.vector };
  return [...writes, from ? tables.topicPosition.put({ topic }, from) : tables.topicPosition.del({ topic })];
}

function nameOf({ node, generation, shard }: LogId): string {
  return `${node}/${generation}/${shard}`;
}

function keyFields({ topic, log, sequence, header }: ReadPlace) {
  return { topic, ...log, sequence, header };
}
