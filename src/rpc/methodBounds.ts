import type { DescField, DescMethod } from "@bufbuild/protobuf";
import type { NodeService } from "../gen/weft/v1/node_pb.ts";
import { MAX_ENTRY_PAYLOAD_BYTES, MAX_VECTOR_LOGS } from "../wire/limits.ts";
import { scanFields } from "../wire/scanFields.ts";
import * as limits from "./limits.ts";

type MethodName = keyof typeof NodeService.method;

/** What only a few calls of one caller may use at a time; a stream waits for its turn at every page. */
export type Pool = "disk" | "chain" | "relay" | "none";

type MethodBounds = {
  /** The longest request: what its fields may hold, and some room for fields of later versions. */
  readonly maxBytes: number;
  readonly maxFields?: number;
  readonly pool: Pool;
};

const KILO = 1024;
const SMALL = KILO;
const MEGA = 1024 * KILO;
/** How many fields a request may have: those take about 50 ms to decode and to read. */
const MAX_FIELDS = 65_536;

const methodBounds: Readonly<Record<MethodName, MethodBounds>> = {
  getNode: { maxBytes: SMALL, pool: "none" },
  listNodes: { maxBytes: SMALL, pool: "disk" },
  publish: { maxBytes: limits.MAX_REQUEST_BYTES, pool: "none" },
  query: { maxBytes: limits.MAX_POSITIONS_BYTES, pool: "disk" },
  subscribe: { maxBytes: limits.MAX_POSITIONS_BYTES, pool: "disk" },
  updateSubscription: { maxBytes: limits.MAX_POSITIONS_BYTES, pool: "none" },
  hasEnvelopes: { maxBytes: 160 * KILO, pool: "disk" },
  vouch: { maxBytes: 160 * KILO, pool: "disk" },
  getTopicDigests: { maxBytes: MEGA, pool: "disk" },
  getKeyPackages: { maxBytes: 16 * KILO, pool: "disk" },
  getCoverage: { maxBytes: 32 * KILO, pool: "disk" },
  fetchEntries: { maxBytes: 8 * KILO, pool: "disk" },
  // The only call that a client does not split.
  followChain: { maxBytes: 4 * MEGA, maxFields: 2 * MAX_FIELDS, pool: "disk" },
  getEntry: { maxBytes: SMALL, pool: "disk" },
  relayAppend: { maxBytes: MAX_ENTRY_PAYLOAD_BYTES + 16 * KILO, pool: "relay" },
  relayIdentity: { maxBytes: 64 * KILO, pool: "relay" },
  getHistories: { maxBytes: 64 * KILO, pool: "disk" },
  getWallet: { maxBytes: SMALL, pool: "chain" },
  readWords: { maxBytes: 128 * KILO, pool: "chain" },
};

/** How many items each list of a request can hold, by the field's name; a list that is not named here can hold none. */
const maxItemsByName: Readonly<Record<string, number>> = {
  "weft.v1.PublishRequest.envelopes": limits.MAX_ENVELOPES_PER_PUBLISH,
  "weft.v1.QueryRequest.topics": limits.MAX_TOPICS_PER_CALL,
  "weft.v1.SubscribeRequest.topics": limits.MAX_TOPICS_PER_CALL,
  "weft.v1.UpdateSubscriptionRequest.add": limits.MAX_TOPICS_PER_CALL,
  "weft.v1.UpdateSubscriptionRequest.remove": limits.MAX_TOPICS_PER_CALL,
  "weft.v1.TopicPosition.vector": MAX_VECTOR_LOGS,
  "weft.v1.HasEnvelopesRequest.hashes": limits.MAX_HASHES_PER_CALL,
  "weft.v1.VouchRequest.hashes": limits.MAX_HASHES_PER_CALL,
  "weft.v1.GetTopicDigestsRequest.topics": limits.MAX_DIGESTS_PER_CALL,
  "weft.v1.TopicQuestion.ranges": limits.MAX_SPANS_PER_DIGEST,
  "weft.v1.GetKeyPackagesRequest.installations": limits.MAX_KEYS_PER_CALL,
  "weft.v1.GetCoverageRequest.batches": limits.MAX_BATCHES_PER_CALL,
  "weft.v1.FetchEntriesRequest.recent": limits.MAX_CURSORS_PER_GROUP,
  "weft.v1.FollowChainRequest.groups": limits.MAX_GROUPS_PER_CALL,
  "weft.v1.GroupPosition.recent": limits.MAX_CURSORS_PER_GROUP,
  "weft.v1.GetHistoriesRequest.inboxes": limits.MAX_INBOXES_PER_CALL,
  "weft.v1.ReadWordsRequest.entries": limits.MAX_WORDS_PER_CALL,
  "weft.v1.ReadWordsRequest.inboxes": limits.MAX_WORDS_PER_CALL,
  "weft.v1.ReadWordsRequest.wallets": limits.MAX_WORDS_PER_CALL,
  "weft.v1.ReadWordsRequest.nodes": limits.MAX_WORDS_PER_CALL,
  "weft.v1.ReadWordsRequest.checkpoints": limits.MAX_SLOW_WORDS_PER_CALL,
  "weft.v1.ReadWordsRequest.blocks": limits.MAX_SLOW_WORDS_PER_CALL,
};

/** Returns the bounds of a method of NodeService. */
export function boundsOf(method: DescMethod): MethodBounds {
  return methodBounds[method.localName as MethodName];
}

/** Counts the fields of a request, before it is decoded. Throws `too-large`, `malformed`. */
export function countFields(params: { method: DescMethod; bytes: Uint8Array }): number {
  const { method, bytes } = params;
  const { maxFields = MAX_FIELDS } = boundsOf(method);
  return scanFields({ schema: method.input, bytes, maxFields, maxItems });
}

/** Returns how many items a list of a request may have; 0 for a list that is not named above. */
export function maxItems(field: DescField): number {
  return maxItemsByName[`${field.parent.typeName}.${field.name}`] ?? 0;
}
