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
 * A node's public API (proto/weft/v1/node.proto) in the types of this program. The node implements it, the server half
 * of this room serves it and the client half calls it: one type for both ends. There are no accounts: limits are per IP
 * address.
 *
 * Every method throws WeftErrors: `wrong-shard` for topics of a shard that the node does not serve. A stream throws one
 * when it breaks. `call.signal` ends a call or a stream.
 */
export type NodeApi = {
  /** Tells what the node is, what it serves and how far it is. */
  readonly getNode: (params: Record<never, never>, call?: Call) => Promise<NodeStatus>;
  /**
   * Lists the registry's nodes with ids after `after`, in their order; dropped ones only if the node keeps their logs.
   */
  readonly listNodes: (params: { readonly after?: NodeId | undefined }, call?: Call) => Promise<NodeList>;
  /**
   * Publishes envelopes: one outcome each, in order. An envelope that the node has already gets the receipt that it
   * has.
   */
  readonly publish: (params: { envelopes: readonly Envelope[] }, call?: Call) => Promise<PublishOutcome[]>;
  /** Reads a page of the topics' envelopes after the caller's positions. */
  readonly query: (params: QueryParams, call?: Call) => Promise<QueryPage>;
  /**
   * Queries topics for ever: tells the stream's id, then pages as they come, and `idle` whenever all topics are read.
   */
  readonly subscribe: (
    params: { topics: readonly TopicPosition[] },
    call?: Call,
  ) => AsyncIterable<SubscriptionEvent>;
  /** Adds topics to an open stream of the node, and removes others. */
  readonly updateSubscription: (params: SubscriptionUpdate, call?: Call) => Promise<void>;
  /** Tells for each hash, in order, whether its envelope is on the node's disk. */
  readonly hasEnvelopes: (params: { hashes: readonly EnvelopeHash[] }, call?: Call) => Promise<boolean[]>;
  /** Tells which envelopes are on the node's disk, with the node's signature over those that are. */
  readonly vouch: (params: { hashes: readonly EnvelopeHash[] }, call?: Call) => Promise<Vouch>;
  /** Answers one list of digests per question, in order; where a digest covers less than was asked for, it says so. */
  readonly getTopicDigests: (
    params: { topics: readonly TopicQuestion[] },
    call?: Call,
  ) => Promise<readonly (readonly LogDigest[])[]>;
  /** Reads the newest key package of each installation, in order; undefined for an installation without one. */
  readonly getKeyPackages: (
    params: { installations: readonly InstallationKey[] },
    call?: Call,
  ) => Promise<(Envelope | undefined)[]>;
  /** Tells which checkpoints cover these batches, with the headers that prove it. */
  readonly getCoverage: (params: { batches: readonly BatchPlace[] }, call?: Call) => Promise<CoveragePage>;
  /** Reads a page of a group's entries after the caller's position. */
  readonly fetchEntries: (params: GroupPosition & { maxBytes?: number }, call?: Call) => Promise<EntryPage>;
  /** Follows the chain for some groups, for ever. */
  readonly followChain: (
    params: { groups: readonly GroupPosition[] },
    call?: Call,
  ) => AsyncIterable<ChainEvent>;
  /** Reads an entry of the node's index; `id` may be the group id, of which only `children` is told. */
  readonly getEntry: (params: { group: GroupId; id: EntryId | GroupId }, call?: Call) => Promise<EntryState>;
  /** Relays a signed append to the chain. */
  readonly relayAppend: (append: Append & Ticketed, call?: Call) => Promise<RelayAnswer>;
  /** Relays a signed identity action to the chain. */
  readonly relayIdentity: (action: IdentityAction & Ticketed, call?: Call) => Promise<RelayAnswer>;
  /** Reads the steps after those that the caller has, for each inbox in order. */
  readonly getHistories: (
    params: { inboxes: readonly HistoryPosition[] },
    call?: Call,
  ) => Promise<HistoryPage>;
  /** Reads a wallet's inbox and nonce on the chain. */
  readonly getWallet: (params: { wallet: Address }, call?: Call) => Promise<WalletState>;
  /**
   * Reads words as of the end of a block. Throws `chain-unreachable` for what the node's RPC does not tell (any more).
   */
  readonly readWords: (question: WordsQuestion, call?: Call) => Promise<WordsAnswer>;
};

/** What comes with a call beside its parameters. */
export type Call = {
  readonly signal?: AbortSignal;
  /** What limits count the caller by (an address, or its network); undefined for a caller that is not from outside. */
  readonly caller?: string;
  /** The server's meter for the call; undefined on the client's side. */
  readonly meter?: Meter;
};

/** Measures what the answer to a call costs, so that the caller can be charged for it. */
export type Meter = {
  /** Runs a task that reads the disk or asks the chain, once it is this caller's turn. */
  readonly turn: <T>(act: () => Promise<T>) => Promise<T>;
  /** Charges rows of the database that were read beyond those that the answer shows. */
  readonly rows: (count: number) => void;
  /** Notes how many bytes the call keeps in memory from now on, while it is open. Throws `limit-exceeded`. */
  readonly keep: (bytes: number) => void;
};

/** What a node says of itself. */
export type NodeStatus = {
  readonly node: NodeId;
  readonly peerId: string;
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
  readonly chainId: number;
  readonly commitLog: Address;
  readonly identityRegistry: Address;
  readonly nodeRegistry: Address;
  /** The id of the node's database, 16 bytes: its cursors belong to it. */
  readonly database: Hex;
  /** The last block that the node has read; undefined before the first. */
  readonly head: BlockRef | undefined;
  readonly peers: number;
  readonly ready: boolean;
  /** Why the node is not ready; empty if it is. */
  readonly notReadyReason: string;
  readonly version: string;
  readonly logs: readonly LogRange[];
  /** The shards that the node serves: bit n is set for shard n. */
  readonly shards: bigint;
};

type NodeList = {
  readonly nodes: readonly NodeRecord[];
  readonly head: BlockRef | undefined;
  /** True if another page follows after the last node of this one. */
  readonly more: boolean;
};

/** A node as the registry has it. */
export type NodeRecord = {
  readonly node: NodeId;
  /** The account that registered the node. */
  readonly operator: Address;
  /** The node's P-256 key, compressed: 33 bytes. */
  readonly signingKey: Hex;
  /** The multihash bytes of the libp2p peer id. */
  readonly peerId: Hex;
  /** The peer's signature that it is this node's, 64 bytes: see wire/peerProof.ts. */
  readonly peerProof: Hex;
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
  /** The newest generation of the node's logs: 1 at registration, a higher one after every restart. */
  readonly generation: bigint;
  readonly registeredBlock: number;
  /** The block in which the node started to leave; undefined if it did not. */
  readonly leftBlock: number | undefined;
  /** The block in which the node was proven to have equivocated; undefined if it was not. */
  readonly disabledBlock: number | undefined;
  readonly bondWei: bigint;
  /** When the bond can be withdrawn, in seconds since 1970; 0 unless the node has started to leave. */
  readonly withdrawableAt: number;
  /** Bit n is set if the node serves shard n. */
  readonly shards: bigint;
  /** True if the registry has dropped the node's record: then peer, shards and addresses are empty. */
  readonly isDropped: boolean;
};

/** What became of a published envelope. `acknowledged`: it is on the node's disk. */
export type PublishOutcome = { readonly kind: "acknowledged"; readonly receipt: Receipt } | Refusal;

/** Which envelopes a node has, with its signature. */
export type Vouch = {
  /** Whether the node has each envelope, in the order asked. */
  readonly stored: readonly boolean[];
  /** The node's signature over the stored ones, in this order (see `signDelivered`); empty if there are none. */
  readonly signature: Uint8Array;
};

/** A place in one node's database: no envelope that arrives later comes before it. */
export type Cursor = { readonly database: Hex; readonly offset: bigint };

/** What the caller has of a topic: by a cursor of the node's database, or by the vector of any node's watermark. */
export type TopicPosition = {
  readonly topic: Uint8Array;
  readonly cursor?: Cursor;
  readonly vector?: readonly LogRange[];
};

type QueryParams = { readonly topics: readonly TopicPosition[]; readonly maxBytes?: number };

/** A page of envelopes; `watermark` is the caller's next position. */
export type QueryPage = {
  /** The envelopes in the order of their offsets. */
  readonly envelopes: readonly StoredEnvelope[];
  readonly watermark: Watermark;
  readonly more: boolean;
};

/** An envelope of a page, with the receipts of its arrivals in the page. */
export type StoredEnvelope = {
  readonly envelope: Envelope;
  readonly receipts: readonly Receipt[];
  readonly offset: bigint;
};

/** How far the node held its logs when its arrivals ended at `cursor`. */
export type Watermark = { readonly cursor: Cursor; readonly vector: readonly LogRange[] };

/** What a subscription tells. `idle`: all its topics are read up to this watermark. */
export type SubscriptionEvent =
  | { readonly kind: "started"; readonly subscription: Hex }
  | ({ readonly kind: "page" } & QueryPage)
  | { readonly kind: "idle"; readonly watermark: Watermark };

/** Which topics an open subscription gets and loses. */
export type SubscriptionUpdate = {
  readonly subscription: Hex;
  readonly add: readonly TopicPosition[];
  readonly remove: readonly Uint8Array[];
};

/** Which checkpoints cover batches, with the proof. */
export type CoveragePage = {
  /** The answers, in the order asked. */
  readonly batches: readonly BatchCoverage[];
  /** The headers that link batches to their checkpoints, both ends included; each names the hash of the one before. */
  readonly headers: readonly Uint8Array[];
  /** The block up to which the node knows checkpoints. */
  readonly head: BlockRef | undefined;
};

/**
 * What the caller has of a group: `recent` lists entries, newest first, of which the first that is on the chain counts.
 */
export type GroupPosition = { readonly group: GroupId; readonly recent: readonly EntryCursor[] };

/** What a follower of the chain is told. */
export type ChainEvent =
  | { readonly kind: "started" }
  | ({ readonly kind: "entries"; readonly group: GroupId } & EntryPage)
  /** A reorganization took all blocks after `to`, with their entries and identity records. */
  | { readonly kind: "rollback"; readonly to: BlockRef }
  /** All groups are read up to this block. */
  | { readonly kind: "head"; readonly head: BlockRef };

/** An entry in the node's index as of `head`; all zeros unless `known`. */
export type EntryState = EntryWord & { readonly known: boolean; readonly head: BlockRef | undefined };

/** The proof of work that a node asks of callers that have nothing on the chain yet. */
type Ticketed = { readonly ticket?: RelayTicket };

/** What became of a relay. `work-required`: the work that the node asks for before it relays. */
export type RelayAnswer = RelayOutcome | { readonly kind: "work-required"; readonly demand: WorkDemand };

/** The histories of inboxes. */
export type HistoryPage = {
  /** The histories, in the order asked. */
  readonly histories: readonly History[];
  /** The block up to whose end the node knows them. */
  readonly head: BlockRef | undefined;
};
