import { concatBytes } from "../../crypto/concatBytes.ts";
import { maximum, minimum } from "../../wire/bigintOrder.ts";
import { u64 } from "../../wire/bytes.ts";
import { fromHex, type Hex, toHex } from "../../wire/ids.ts";
import type { LogId, LogRange } from "../../wire/logRange.ts";
import type { TopicKind } from "../../wire/topic.ts";
import { keyOf, parseKey } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { put, type Write } from "../writeAtomic.ts";

/** What the store knows of one log; rewritten with every batch. */
export type LogState = {
  readonly log: LogId;
  /** The first sequence that this node lacks: all before it were held, are recorded as holes, or are no longer kept. */
  readonly next: bigint;
  /** The header hash of the batch that ends at `next`; undefined at the log's start and after a hole. */
  readonly headerHash: Hex | undefined;
  /** The sequence after the last one that is held; above `next` if batches arrived out of order. */
  readonly highest: bigint;
  /** True if the log is known to be forked. */
  readonly conflicted: boolean;
  /** By number of the topic kind (see `kindNumber`): envelopes before this sequence may be pruned. */
  readonly floors: readonly bigint[];
};

/** The topic kinds in the order in which floors and retention number them; `other` are kinds of newer versions. */
export const storedKinds: readonly (TopicKind | "other")[] = [
  "other",
  "group",
  "key-package",
  "welcome",
  "group-info",
  "history",
];

/** Returns the index of a topic's kind in `storedKinds`. */
export function kindNumber(topic: Uint8Array): number {
  const kind = topic[0] ?? 0;
  return kind < storedKinds.length ? kind : 0;
}

/** Returns the state of a log of which nothing is held. */
export function emptyLog(log: LogId): LogState {
  const floors = storedKinds.map(() => 0n);
  return { log, next: 0n, headerHash: undefined, highest: 0n, conflicted: false, floors };
}

/** Returns the sequence before which envelopes of the log may be pruned, so that it can't be read as a whole. */
export function floorOf(state: LogState): bigint {
  return state.floors.reduce(maximum, 0n);
}

/** Returns how far a log is held, as peers and clients are told. */
export function logRangeOf(state: LogState): LogRange {
  const { log, next, headerHash } = state;
  return { log, floor: minimum(floorOf(state), next), next, headerHash };
}

const HEAD_AT = 17;
const FLOORS_AT = HEAD_AT + 32;

/** Makes the write of a log's state. */
export function putLogState(state: LogState): Write {
  const value = new Uint8Array(FLOORS_AT + 8 * storedKinds.length);
  const view = new DataView(value.buffer);
  view.setBigUint64(0, state.next);
  view.setBigUint64(8, state.highest);
  value[16] = (state.conflicted ? 1 : 0) | (state.headerHash === undefined ? 0 : 2);
  if (state.headerHash !== undefined) value.set(fromHex(state.headerHash), HEAD_AT);
  state.floors.forEach((floor, kind) => {
    view.setBigUint64(FLOORS_AT + 8 * kind, floor);
  });
  return put(keyOf(nodeSchema.log, state.log), value);
}

/** Decodes the record that `putLogState` wrote. */
export function readLogState(key: Uint8Array, value: Uint8Array): LogState {
  const { node, generation, shard } = parseKey(nodeSchema.log, key);
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const flags = view.getUint8(16);
  return {
    log: { node: toHex(node) as LogId["node"], generation, shard },
    next: view.getBigUint64(0),
    highest: view.getBigUint64(8),
    conflicted: (flags & 1) !== 0,
    headerHash: (flags & 2) !== 0 ? toHex(value.subarray(HEAD_AT, FLOORS_AT)) : undefined,
    // A record of a version that knew fewer kinds is shorter.
    floors: storedKinds.map((_, kind) => {
      const at = FLOORS_AT + 8 * kind;
      return at < value.length ? view.getBigUint64(at) : 0n;
    }),
  };
}

/** Makes the write that notes that from arrival offset `offset` on, the log was held up to its present `next`. */
export function putAdvance(state: LogState, offset: bigint): Write {
  const head = state.headerHash === undefined ? new Uint8Array(32) : fromHex(state.headerHash);
  return put(keyOf(nodeSchema.advance, { ...state.log, offset }), concatBytes(u64(state.next), head));
}
