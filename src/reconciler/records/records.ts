import type { KnownInbox } from "../../identity/inbox.ts";
import type { InboxHistory } from "../../identity/inboxHistory.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { Envelope } from "../../wire/envelope.ts";
import type { ClosedKind } from "../../wire/groupKind.ts";
import type {
  Address,
  EntryId,
  EnvelopeHash,
  GroupId,
  Hex,
  InboxId,
  InstallationKey,
  NodeId,
} from "../../wire/ids.ts";
import type { LogRange } from "../../wire/logRange.ts";
import type { Outcome, RejectReason } from "./outcome.ts";
import type { GapReason } from "./timelineRecord.ts";
import type { Verdict } from "./verdict.ts";

/** The entry that opened an epoch; the group id for epoch 0. */
export type HeadId = EntryId | GroupId;

export type GroupStatus =
  /** Founded by this client; its first entry is not on the chain yet. */
  | "creating"
  /** A Welcome was opened; the entry that it names has not been read yet. */
  | "joining"
  | "member"
  | "removed"
  | "cut-off"
  /** The group has a newer protocol version: this client is too old for it. */
  | "paused";

export type GroupRecord = {
  readonly group: GroupId;
  /** The secp256k1 key that signs the first entry, in a group that this client has founded. */
  readonly genesisKey: Uint8Array | undefined;
  readonly status: GroupStatus;
  /**
   * Why this client is cut off or removed; if removed: "left" if it had asked for that, "revoked" if the registry
   * revoked it.
   */
  readonly reason: string | undefined;
  readonly head: HeadId;
  /** The epoch that the head opened. */
  readonly epoch: number;
  /** Where this client's own history of the group starts. */
  readonly start: { readonly head: HeadId; readonly epoch: number };
  readonly name: string;
  readonly members: readonly InboxId[];
  /** The kind of a closed group; undefined for all other groups. */
  readonly closed?: ClosedKind | undefined;
  readonly createdAtMs: number;
  /** Undefined unless a reorganization took entries that may land again. Databases know it by this name. */
  readonly fork?: Vanished | undefined;
  /**
   * A Welcome's entry that did not land in time, or that landed again: when it is read, it brings this client in. Up to
   * `untilBlock` the outbox waits for that.
   */
  readonly awaited?: (GroupRecord["start"] & { readonly untilBlock: number }) | undefined;
  /** A reorganization took the entry by which this client came in: entries before it may be judged otherwise now. */
  readonly isRelanding?: boolean | undefined;
  /** The inbox of the member who signed the Welcome, if a Welcome brought this client in. */
  readonly inviter?: InboxId | undefined;
  /**
   * Set if a Welcome of somebody else's first brought this client in: until its person allows that, it is a request.
   */
  readonly request?: { readonly by: InboxId | undefined } | undefined;
  /**
   * True: this client can't tell yet whether the others adopted the entry that brought it in, and says nothing before
   * it hears another member. False: it has heard one, or has judged the entry itself.
   */
  readonly isUnheard?: boolean | undefined;
  readonly heard?: Heard | undefined;
  /**
   * This client is in the group by the leaf of an installation that was replaced: it reads, but seals and stages
   * nothing.
   */
  readonly isFormer?: boolean | undefined;
};

/** The inboxes that were heard since the branch's last Add, as far as those who came in by that Add could hear them. */
export type Heard = {
  readonly since: EntryId;
  /** Inboxes, perhaps this client's own; no more than have to be heard. */
  readonly by: readonly InboxId[];
  /** How often this client has confirmed the Add. */
  readonly own: number;
};

/**
 * What a reorganization took of the branch: its entries may land again, and then their epochs go on where they were.
 */
export type Vanished = {
  /** Heads of the epochs that vanished, earliest first; the first of these epochs came right after the present one. */
  readonly heads: readonly HeadId[];
  /** Members of the latest of these epochs. */
  readonly members: readonly InboxId[];
  /** The chain's newest block when the reorganization was noticed. */
  readonly block: number;
  /** Own messages of these epochs are sealed again; the return of their entries is no longer awaited. */
  readonly isGivenUp: boolean;
};

export type EnteredRecord = {
  /** While the entry was on the chain, another Welcome showed that the others refuse it. */
  readonly isLeft: boolean;
};

export type EntryRecord = {
  readonly id: EntryId;
  readonly parent: HeadId;
  readonly index: number;
  readonly authority: Address;
  readonly block: BlockRef;
  readonly logIndex: number;
  readonly verdict: Verdict;
  /**
   * Only one node says that the entry is on the chain, or tells the facts of its verdict: no witness answered when it
   * was read.
   */
  readonly isProvisional?: true;
  /** What that node alone said of inboxes at the entry's block. */
  readonly restsOn?: readonly InboxStanding[];
};

/** Installations of an inbox that counted at the end of a block, with the blocks of addition and revocation. */
export type InboxStanding = { readonly inbox: InboxId; readonly installations: readonly string[] };

/** A count of dead children of one entry that are not kept. */
export type DeadRun = {
  /** The zero id for dead entries whose parent is not kept either. */
  readonly parent: HeadId;
  /**
   * The block of the last of them. The others are in the same block or, if they are final, in blocks from `since` on.
   */
  readonly block: BlockRef;
  readonly logIndex: number;
  readonly count: number;
  /** The block of the first of them. */
  readonly since: number;
};

/** An own commit on its way; the state that it opens stands in the epoch table under the same id. */
export type StagedRecord = {
  readonly intent: Hex;
  readonly parent: HeadId;
  readonly authority: Address;
  readonly payload: Uint8Array;
  /** The registry block by which the added installations are judged. */
  readonly registryBlock: number;
  readonly welcome: StagedWelcome | undefined;
};

export type StagedWelcome = {
  readonly encryptedGroupInfo: Uint8Array;
  readonly recipients: readonly {
    readonly installation: InstallationKey;
    readonly wrapperKey: Uint8Array;
    readonly keyPackageHash: Uint8Array;
    readonly encryptedGroupSecrets: Uint8Array;
  }[];
};

/** Counts over the timeline records of one epoch. */
export type EpochTally = {
  /** Messages that are shown in their place, hidden ones included. */
  readonly messages: number;
  readonly gaps: number;
  /**
   * Goes up with every change of one of these records: a result made from them is good while this number stays the
   * same.
   */
  readonly changes: number;
};

/** Counts over a group's outcomes and intents. */
export type GroupTally = {
  readonly kinds: Readonly<Partial<Record<Exclude<Outcome["kind"], "gap" | "rejected">, number>>>;
  readonly gaps: Readonly<Partial<Record<GapReason, number>>>;
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
  /** Rejected envelopes that are not listed, by reason. */
  readonly unlisted: Readonly<Partial<Record<RejectReason, number>>>;
  readonly racesLost: number;
  readonly rebased: number;
};

/** Receipts as header, signature and path, see wire/receipt.ts. */
export type StoredReceipt = {
  readonly header: Uint8Array;
  readonly signature: Uint8Array;
  readonly index: number;
  readonly siblings: readonly Uint8Array[];
};

export type HeldRecord = {
  readonly hash: EnvelopeHash;
  readonly head: HeadId;
  readonly envelope: Envelope;
  readonly receipts: readonly StoredReceipt[];
};

/** Envelopes were left out because too much was held. */
export type UnheldRecord = {
  /** The group's head at that time. */
  readonly head: HeadId;
  /** How far the topic had been read; undefined: not at all. */
  readonly position: TopicPositionRecord | undefined;
};

/** An envelope of an intent: a sealed message, a Welcome, a chunk of group info. */
export type PublicationRecord = {
  readonly intent: Hex;
  readonly group: GroupId;
  readonly hash: EnvelopeHash;
  readonly envelope: Envelope;
  readonly state: "pending" | "acknowledged" | "delivered";
  /** The node whose receipt this client has verified. */
  readonly node: NodeId | undefined;
  readonly acknowledgedAtMs: number;
  /** The envelope leaves no earlier than this, milliseconds since 1970; undefined: at once. */
  readonly dueAtMs?: number;
};

export type TopicPositionRecord = {
  /** The offset in each node's database; the key is the database's id (16 bytes, hex). */
  readonly cursors: Readonly<Record<Hex, bigint>>;
  /**
   * The parts of logs that this client had from others before it had a cursor at the node, and of which it told that
   * node: the node does not show these again. Absent if this client no longer knows them.
   */
  readonly had?: Readonly<Record<Hex, readonly LogEnd[]>>;
  readonly vector: readonly LogRange[];
};

/** All of a log before `next`. */
export type LogEnd = Pick<LogRange, "log" | "next">;

export type KnownNode = {
  readonly node: NodeId;
  /** The account that runs the node; the node's id proves this operator and the signing key. */
  readonly operator: Address;
  readonly signingKey: Hex;
  readonly httpAddress: string;
  readonly registeredBlock: number;
  readonly leftBlock: number | undefined;
  readonly disabled: boolean;
  /** The shards that the node serves, in decimal digits: bit n is set for shard n. */
  readonly shards: string;
  /** The registry has dropped the node's record: the node is known only for its key. */
  readonly isDropped?: boolean;
  /** One node told of it while no other operator answered: clients may read from it, but it is no witness. */
  readonly isUnconfirmed?: boolean;
};

/** What nodes proved of a batch: the block in which its node's checkpoint covered it. */
export type CoverageRecord = {
  /** The block of the first checkpoint that covers the batch; absent: no checkpoint does. */
  readonly block?: number;
  /** The chain's block up to which this holds. */
  readonly asOf: number;
};

/** A message by a removed or revoked sender whose verdict can still change. */
export type AwaitedRecord = { readonly isPending: boolean };

/** What the registry said of an inbox at the end of a block, checked. */
export type InboxSnapshot = {
  readonly asOf: number;
  /** What judging needs of the inbox; undefined: the registry does not know the inbox. */
  readonly inbox: KnownInbox | undefined;
  /** The result of the inbox's steps, and who vouches for each part. */
  readonly history: InboxHistory | undefined;
  /** How many steps the inbox has, and the word that they give. */
  readonly count: number;
  readonly word: Hex;
  /** One node has told the history, and nobody else has confirmed its word. */
  readonly isProvisional: boolean;
  /** The last block for which somebody else has confirmed the word of the steps up to there; -1: no block. */
  readonly confirmedAsOf: number;
  /** Wallets of the inbox that have shown a key of their own, also in steps that a reorganization took. */
  readonly keyWallets: readonly Address[];
};
