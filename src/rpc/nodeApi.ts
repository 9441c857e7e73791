import type { Append } from "../wire/append.ts";
import type { BatchPlace } from "../wire/batchPlace.ts";
import type { BlockRef } from "../wire/blockRef.ts";
import type { EntryCursor, EntryPage } from "../wire/chainEntry.ts";
import type { BatchCoverage } from "../wire/coverage.ts";
import type { Envelope } from "../wire/envelope.ts";
import type { History, HistoryPosition } from "../wire/history.ts";
import type { IdentityAction } from "../wire/identityAction.ts";
import type { Address, EntryId, EnvelopeHash, GroupId, Hex, InstallationKey, NodeId } from "../wire/ids.ts";
import type { LogRange } from "../wire/logRange.ts";
import type { Receipt } from "../wire/receipt.ts";
import type { Refusal, RelayOutcome } from "../wire/relayOutcome.ts";
import type { RelayTicket, WorkDemand } from "../wire/relayTicket.ts";
import type { LogDigest, TopicQuestion } from "../wire/topicDigest.ts";
import type { WalletState } from "../wire/walletState.ts";
import type { EntryWord, WordsAnswer, WordsQuestion } from "../wire/words.ts";

/**
 * A node's public API (proto/weft/v1/node.proto) in the types of this program. The node implements it, the server
 * half of this room serves it and the client half calls it: one type for both ends. No accounts: limits are per IP.
 *
 * Every method throws WeftError, `wrong-shard` for topics of a shard that the node does not serve; a stream throws it when it breaks. `call.signal` ends a call or a stream.
 */
export type NodeApi = {
  readonly getNode: (params: Record<never, never>, call?: Call) => Promise<NodeStatus>;
  /** By node id, behind `after`; of nodes that ended those of whose logs something is kept. */
  readonly listNodes: (params: { readonly after?: NodeId | undefined }, call?: Call) => Promise<NodeList>;
  /** One outcome per envelope, in order. Publishing the same bytes again gives the first receipt again. */
  readonly publish: (params: { envelopes: readonly Envelope[] }, call?: Call) => Promise<PublishOutcome[]>;
  readonly query: (params: QueryParams, call?: Call) => Promise<QueryPage>;
  /** The query loop that waits; it first says its id, then pages, and `idle` whenever all topics are read. */
  readonly subscribe: (
    params: { topics: readonly TopicPosition[] },
    call?: Call,
  ) => AsyncIterable<SubscriptionEvent>;
  /** Adds and removes topics of an open stream of this node. */
  readonly updateSubscription: (params: SubscriptionUpdate, call?: Call) => Promise<void>;
  readonly hasEnvelopes: (params: { hashes: readonly EnvelopeHash[] }, call?: Call) => Promise<boolean[]>;
  /** Which of them are on the node's disk, with its signed word for those that are. */
  readonly vouch: (params: { hashes: readonly EnvelopeHash[] }, call?: Call) => Promise<Vouch>;
  /** One list per question, in order; where it covers less than was asked for, it says so. */
  readonly getTopicDigests: (
    params: { topics: readonly TopicQuestion[] },
    call?: Call,
  ) => Promise<readonly (readonly LogDigest[])[]>;
  /** The newest record of each installation, in order. */
  readonly getKeyPackages: (
    params: { installations: readonly InstallationKey[] },
    call?: Call,
  ) => Promise<(Envelope | undefined)[]>;
  /** Which checkpoints cover these batches, with the headers that prove it. */
  readonly getCoverage: (params: { batches: readonly BatchPlace[] }, call?: Call) => Promise<CoveragePage>;
  readonly fetchEntries: (params: GroupPosition & { maxBytes?: number }, call?: Call) => Promise<EntryPage>;
  readonly followChain: (
    params: { groups: readonly GroupPosition[] },
    call?: Call,
  ) => AsyncIterable<ChainEvent>;
  /** `id` may be the group id itself: of the root only `children` is told. */
  readonly getEntry: (params: { group: GroupId; id: EntryId | GroupId }, call?: Call) => Promise<EntryState>;
  readonly relayAppend: (append: Append & Ticketed, call?: Call) => Promise<RelayAnswer>;
  readonly relayIdentity: (action: IdentityAction & Ticketed, call?: Call) => Promise<RelayAnswer>;
  /** What follows the steps that one has, for each inbox in order. */
  readonly getHistories: (
    params: { inboxes: readonly HistoryPosition[] },
    call?: Call,
  ) => Promise<HistoryPage>;
  readonly getWallet: (params: { wallet: Address }, call?: Call) => Promise<WalletState>;
  /** As of the end of a block. Throws `chain-unreachable` for what the node's chain does not tell (any more). */
  readonly readWords: (question: WordsQuestion, call?: Call) => Promise<WordsAnswer>;
};

export type Call = {
  readonly signal?: AbortSignal;
  /** What limits count the caller by (an address, or its network); undefined: nobody from outside. */
  readonly caller?: string;
  /** Of whoever serves the call; its caller has none. */
  readonly meter?: Meter;
};

/** What answering a call takes, so that its caller can be charged by it. */
export type Meter = {
  /** Runs what reads the disk once it is this caller's turn. */
  readonly turn: <T>(act: () => Promise<T>) => Promise<T>;
  /** Rows of the database that were read beyond what the answer shows. */
  readonly rows: (count: number) => void;
  /** Bytes that the call keeps in memory from now on, as long as it is open. Throws `limit-exceeded`. */
  readonly keep: (bytes: number) => void;
};

export type NodeStatus = {
  readonly node: NodeId;
  readonly peerId: string;
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
  readonly chainId: number;
  readonly commitLog: Address;
  readonly identityRegistry: Address;
  readonly nodeRegistry: Address;
  /** 16 bytes: names the database that cursors belong to. */
  readonly database: Hex;
  /** Of the node's index; undefined before its first block. */
  readonly head: BlockRef | undefined;
  readonly peers: number;
  readonly ready: boolean;
  /** Empty if ready. */
  readonly notReadyReason: string;
  readonly version: string;
  readonly logs: readonly LogRange[];
  /** What it serves: bit n for shard n. */
  readonly shards: bigint;
};

type NodeList = {
  readonly nodes: readonly NodeRecord[];
  readonly head: BlockRef | undefined;
  /** Another page follows behind the last node of this one. */
  readonly more: boolean;
};

export type NodeRecord = {
  readonly node: NodeId;
  /** Whose account runs it. */
  readonly operator: Address;
  /** P-256, compressed: 33 bytes. */
  readonly signingKey: Hex;
  /** Multihash bytes. */
  readonly peerId: Hex;
  /** 64 bytes: the peer's own word that it is this node's (wire/peerProof.ts). */
  readonly peerProof: Hex;
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
  /** Of its log; 1 at registration, one more with every restart. */
  readonly generation: bigint;
  readonly registeredBlock: number;
  /** The block in which it said that it leaves; undefined if active. */
  readonly leftBlock: number | undefined;
  /** The block in which it was proven to have equivocated. */
  readonly disabledBlock: number | undefined;
  readonly bondWei: bigint;
  /** Seconds since 1970; 0 unless it said that it leaves. */
  readonly withdrawableAt: number;
  /** Bit n is set if it serves shard n. */
  readonly shards: bigint;
  /** The registry keeps operator and blocks only: peer, shards and addresses are empty. */
  readonly isDropped: boolean;
};

/** *acknowledged*: it is on this node's disk. */
export type PublishOutcome = { readonly kind: "acknowledged"; readonly receipt: Receipt } | Refusal;

export type Vouch = {
  /** In the order asked. */
  readonly stored: readonly boolean[];
  /** See `signDelivered`, over the stored ones in this order; empty if there are none. */
  readonly signature: Uint8Array;
};

/** A node's own place: nothing that arrives later lies before it. */
export type Cursor = { readonly database: Hex; readonly offset: bigint };

/** What one has of a topic: a cursor of the same database, or the vector of any node's watermark; neither: nothing. */
export type TopicPosition = {
  readonly topic: Uint8Array;
  readonly cursor?: Cursor;
  readonly vector?: readonly LogRange[];
};

type QueryParams = { readonly topics: readonly TopicPosition[]; readonly maxBytes?: number };

export type QueryPage = {
  /** By offset. */
  readonly envelopes: readonly StoredEnvelope[];
  readonly watermark: Watermark;
  readonly more: boolean;
};

export type StoredEnvelope = {
  readonly envelope: Envelope;
  readonly receipts: readonly Receipt[];
  readonly offset: bigint;
};

/** At `cursor` the node held these logs contiguously. */
export type Watermark = { readonly cursor: Cursor; readonly vector: readonly LogRange[] };

export type SubscriptionEvent =
  | { readonly kind: "started"; readonly subscription: Hex }
  | ({ readonly kind: "page" } & QueryPage)
  | { readonly kind: "idle"; readonly watermark: Watermark };

export type SubscriptionUpdate = {
  readonly subscription: Hex;
  readonly add: readonly TopicPosition[];
  readonly remove: readonly Uint8Array[];
};

export type CoveragePage = {
  /** In the order asked. */
  readonly batches: readonly BatchCoverage[];
  /** That link batches to their checkpoints, both ends included; each names the hash of the one before. */
  readonly headers: readonly Uint8Array[];
  /** Up to which the node knows checkpoints. */
  readonly head: BlockRef | undefined;
};

/** `recent`: newest first; the first one still on the chain counts, none means from the beginning. */
export type GroupPosition = { readonly group: GroupId; readonly recent: readonly EntryCursor[] };

export type ChainEvent =
  | { readonly kind: "started" }
  | ({ readonly kind: "entries"; readonly group: GroupId } & EntryPage)
  /** Entries and identity records of later blocks are void. */
  | { readonly kind: "rollback"; readonly to: BlockRef }
  /** All groups are read up to here. */
  | { readonly kind: "head"; readonly head: BlockRef };

/** What is unknown is all zeros. */
export type EntryState = EntryWord & { readonly known: boolean; readonly head: BlockRef | undefined };

/** With the work that a node asks of those who have nothing on the chain yet. */
type Ticketed = { readonly ticket?: RelayTicket };

/** `work-required`: what it takes before the node relays it. */
export type RelayAnswer = RelayOutcome | { readonly kind: "work-required"; readonly demand: WorkDemand };

export type HistoryPage = {
  /** In the order asked for. */
  readonly histories: readonly History[];
  /** At whose end they are complete. */
  readonly head: BlockRef | undefined;
};
