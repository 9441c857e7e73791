import { createSerialQueue, type SerialQueue } from "../../clock/serialQueue.ts";
import { steadyMs } from "../../clock/steadyMs.ts";
import type { ErrorCode } from "../../errors.ts";
import type { HeadId, KnownNode } from "../../reconciler/records/records.ts";
import type { EpochDigest } from "../../reconciler/timeline/epochDigest.ts";
import type { GroupView } from "../../reconciler/view/viewOfGroup.ts";
import type { Testimony } from "../../reconciler/witness/testimony.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { Address, EnvelopeHash, GroupId, Hex, InstallationKey, NodeId } from "../../wire/ids.ts";
import type { EpochCache } from "../database/epochStates.ts";
import { createWakeup, type Wakeup } from "../timing/wakeup.ts";

export type Group = {
  readonly id: GroupId;
  /** All changes of a group go through here, one after another. */
  readonly queue: SerialQueue;
  /** What the app asks for is taken in here, in the order of its calls; each goes through `queue`, too. */
  readonly asking: SerialQueue;
  readonly outboxWakeup: Wakeup;
  readonly deliveryWakeup: Wakeup;
  readonly upkeepWakeup: Wakeup;
  /** Woken when another node serves the group. */
  readonly servingWakeup: Wakeup;
  /**
   * Woken when the topic is read to the end by way of another node, or the conversation is active again after a while.
   */
  readonly topicWakeup: Wakeup;
  readonly fenceWakeup: Wakeup;
  readonly rotationWakeup: Wakeup;
  readonly epochs: EpochCache;
  view: GroupView;
  /** Aborted when this client forgets the group: what was under way for it ends, and nothing is written any more. */
  readonly forgotten: AbortController;
  /** True after a failed write: until all is read anew nothing more is written, since it could undo what has landed. */
  isDoubtful: boolean;
  /**
   * The revocations by which the group's messages were judged last, with their blocks; -1 stands for a block that a
   * reorganization took.
   */
  revocations: ReadonlyMap<InstallationKey, number>;
  /** The block up to which the chain is read, as the serving node says; the zero block before anything is. */
  processed: BlockRef;
  /** What the group held when all was taken in that was told up to `processed`; undefined if some was not taken in. */
  read: ReadMark | undefined;
  /** The newest block that the serving node has told of, also while nobody agrees to it. */
  told: ToldHead | undefined;
  /** The last block that a witness agreed to: what can't be undone is decided by it. The zero block before any. */
  agreed: BlockRef;
  /** When a witness last agreed to a block, ms since 1970. */
  agreedAtMs: number;
  /** What came of the last question to a witness about this group; undefined before any. */
  witness: Testimony["kind"] | undefined;
  /** When a witness was last asked, ms since 1970. */
  askedAtMs: number;
  /** Entries that came with a page that was not the last: nobody has agreed yet that no child of theirs is left out. */
  unproven: ReadonlySet<HeadId>;
  /** When `processed` last moved, ms since 1970. */
  headMovedAtMs: number;
  /** The node by way of which this group is read to the chain's end, in this connection. */
  caughtUpBy: NodeId | undefined;
  /**
   * The code by which the last feed ended that was to read the group; undefined: none has failed since it was read to
   * the chain's end.
   */
  readFault: ErrorCode | undefined;
  /** How often this client began to read the group's topic anew because it came back to the group. */
  topicReadings: number;
  /** Since when the node `caughtUpBy` serves the group, ms since 1970. */
  servedSinceMs: number;
  /**
   * The node by way of which the topic is read to the end, in this connection: what a copy of this database has sealed
   * is known then.
   */
  topicReadBy: NodeId | undefined;
  /** When an envelope last came or went, ms since 1970. */
  activeAtMs: number;
  /** What the outbox waits for, for the app to show. */
  waitsFor: string;
  /** How the group's nodes were ranked last; undefined before they were. */
  ranking: Ranking | undefined;
  /** How often each node has refused an envelope since it was last taken. */
  readonly refusals: Map<EnvelopeHash, Map<NodeId, number>>;
  /** By intent, how often an operator's nodes that answer could not relay its commit. */
  readonly relayFaults: Map<Hex, Map<Address, number>>;
  /** Digests of epochs, each with the number of changes to the epoch's records after which it was made. */
  readonly digests: Map<HeadId, { readonly changes: number; readonly digest: EpochDigest }>;
  /** When the registry's word on the members last took effect in the group, ms since 1970. */
  fencedAtMs: number;
  /** The block by which old epochs were last looked for; undefined before they were. */
  epochsSeenToBlock: number | undefined;
  /**
   * Until then, by `steadyMs`, the client looks for no old epochs of the group, since nothing is to be done; undefined:
   * it looks.
   */
  epochsRestUntilMs: number | undefined;
  /**
   * The first block from which on something of a view is final, given up or too late; undefined: it was not computed.
   */
  due: { readonly view: GroupView; readonly block: number | undefined } | undefined;
};

/** What a ranking was made of, and the ranking. */
export type Ranking = {
  readonly head: HeadId;
  readonly day: number;
  readonly preferred: NodeId | undefined;
  readonly nodes: readonly KnownNode[];
  readonly ranked: readonly KnownNode[];
};

export type ToldHead = {
  readonly node: NodeId;
  readonly head: BlockRef;
  /** When the head last moved, ms since 1970. */
  readonly movedAtMs: number;
};

/** What a group held of the chain once all was taken in that a node has told of it up to a block. */
type ReadMark = {
  readonly node: NodeId;
  readonly head: BlockRef["hash"];
  /** The last entry's place, and how many there are up to it: on one chain there is only one such set. */
  readonly held: string;
};

export const NO_BLOCK: BlockRef = { number: 0, hash: "0x", time: 0 };

export function createGroupHandle(params: { id: GroupId; view: GroupView; processed: BlockRef }): Group {
  return {
    ...{ ...params, agreed: params.processed, agreedAtMs: 0, witness: undefined, askedAtMs: 0 },
    unproven: new Set(),
    read: undefined,
    told: undefined,
    queue: createSerialQueue(),
    asking: createSerialQueue(),
    outboxWakeup: createWakeup(),
    deliveryWakeup: createWakeup(),
    upkeepWakeup: createWakeup(),
    servingWakeup: createWakeup(),
    topicWakeup: createWakeup(),
    activeAtMs: 0,
    fenceWakeup: createWakeup(),
    revocations: new Map(),
    rotationWakeup: createWakeup(),
    epochs: new Map(),
    forgotten: new AbortController(),
    isDoubtful: false,
    headMovedAtMs: steadyMs(),
    caughtUpBy: undefined,
    readFault: undefined,
    topicReadings: 0,
    servedSinceMs: 0,
    topicReadBy: undefined,
    waitsFor: "nothing-to-do",
    ranking: undefined,
    refusals: new Map(),
    relayFaults: new Map(),
    digests: new Map(),
    fencedAtMs: Number.NEGATIVE_INFINITY,
    epochsSeenToBlock: undefined,
    epochsRestUntilMs: undefined,
    due: undefined,
  };
}
