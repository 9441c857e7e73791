import type { KnownInbox } from "../../identity/inbox.ts";
import type { InboxHistory } from "../../identity/inboxHistory.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { Envelope } from "../../wire/envelope.ts";
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
  /** Founded here; its first entry is not on chain yet. */
  | "creating"
  /** A Welcome was opened; the entry that it names has not been read yet. */
  | "joining"
  | "member"
  | "removed"
  | "cut-off"
  /** A newer protocol version: wait for a newer client. */
  | "paused";

export type GroupRecord = {
  readonly group: GroupId;
  /** secp256k1: signs the first entry of a group that was founded here. */
  readonly genesisKey: Uint8Array | undefined;
  readonly status: GroupStatus;
  /** Why it is cut off; if it was removed: "left" because it asked for it, "revoked" by the registry. */
  readonly reason: string | undefined;
  readonly head: HeadId;
  /** The epoch that the head opened. */
  readonly epoch: number;
  /** Where this client's own history of the group starts. */
  readonly start: { readonly head: HeadId; readonly epoch: number };
  readonly name: string;
  readonly members: readonly InboxId[];
  readonly createdAtMs: number;
  /** Undefined unless a reorganization took entries that may land again. Databases know it by this name. */
  readonly fork?: Vanished | undefined;
  /**
   * A Welcome's entry that was waited for in vain, or that landed again: when it is read, it brings this client in. Up
   * to `untilBlock` the outbox waits for that.
   */
  readonly awaited?: (GroupRecord["start"] & { readonly untilBlock: number }) | undefined;
  /** A reorganization took the entry by which this client came in: what stands before it may be judged otherwise now. */
  readonly isRelanding?: boolean | undefined;
  /** Whose member the Welcome came from, if one brought this client in. */
  readonly inviter?: InboxId | undefined;
  /**
   * True: it can't tell yet whether the others adopted the entry that brought it in, and says nothing before it hears
   * another. False: it has heard one, or has judged the entry itself.
   */
  readonly isUnheard?: boolean | undefined;
  readonly heard?: Heard | undefined;
  /** In it by the leaf of an installation that was replaced: read, but nothing is sealed or staged. */
  readonly isFormer?: boolean | undefined;
};

/** Who was heard since the branch's last Add, as those who came in by it could. */
export type Heard = {
  readonly since: EntryId;
  /** Inboxes, one's own among them; no more than it takes. */
  readonly by: readonly InboxId[];
  /** How often this client has confirmed it. */
  readonly own: number;
};

/** What a reorganization took of the branch: its entries may land again, then their epochs go on where they were. */
export type Vanished = {
  /** Heads of the epochs that vanished, earliest first: the first one stood on the present head. */
  readonly heads: readonly HeadId[];
  /** Members of the latest of these epochs. */
  readonly members: readonly InboxId[];
  /** The chain's head when it was noticed. */
  readonly block: number;
  /** Own messages of these epochs are sealed again; their entries are waited for no longer. */
  readonly isGivenUp: boolean;
};

export type EnteredRecord = {
  /** While it was on the chain another Welcome showed that the others refuse it. */
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
  /** One node alone says that it is on the chain, or what its verdict rests on: no witness answered when it was read. */
  readonly isProvisional?: true;
  /** What that node alone said of inboxes, as of the entry's block. */
  readonly restsOn?: readonly InboxStanding[];
};

/** Installations of an inbox that counted at the end of a block, with the blocks of addition and revocation. */
export type InboxStanding = { readonly inbox: InboxId; readonly installations: readonly string[] };

/** Dead children of an entry that are counted and not kept. */
export type DeadRun = {
  /** The zero id for those whose parent is not kept either. */
  readonly parent: HeadId;
  /** Of the last of them; the others stand in the same block, or in ones since `since` that are final. */
  readonly block: BlockRef;
  readonly logIndex: number;
  readonly count: number;
  /** The first one's block. */
  readonly since: number;
};

/** Own commit on its way; the state that it opens stands in the epoch table under the same id. */
export type StagedRecord = {
  readonly intent: Hex;
  readonly parent: HeadId;
  readonly authority: Address;
  readonly payload: Uint8Array;
  /** By which the added installations are judged. */
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

/** What the timeline records of one epoch add up to. */
export type EpochTally = {
  /** Messages that are shown in their place, hidden ones included. */
  readonly messages: number;
  readonly gaps: number;
  /** Goes up with every change of one of them: what was made of them is good while it stands still. */
  readonly changes: number;
};

/** What a group's outcomes and intents add up to. */
export type GroupTally = {
  readonly kinds: Readonly<Partial<Record<Exclude<Outcome["kind"], "gap" | "rejected">, number>>>;
  readonly gaps: Readonly<Partial<Record<GapReason, number>>>;
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
  /** Of the rejected ones: more than are listed. */
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
  /** The group's head then. */
  readonly head: HeadId;
  /** Where the topic had been read up to; undefined: not at all. */
  readonly position: TopicPositionRecord | undefined;
};

/** An envelope of an intent: a sealed message, a Welcome, a chunk of group info. */
export type PublicationRecord = {
  readonly intent: Hex;
  readonly group: GroupId;
  readonly hash: EnvelopeHash;
  readonly envelope: Envelope;
  readonly state: "pending" | "acknowledged" | "delivered";
  /** Whose receipt this client verified. */
  readonly node: NodeId | undefined;
  readonly acknowledgedAtMs: number;
  /** It leaves no earlier, ms since 1970; undefined: at once. */
  readonly dueAtMs?: number;
};

export type TopicPositionRecord = {
  /** Offset by node database (16 bytes, hex). */
  readonly cursors: Readonly<Record<Hex, bigint>>;
  /**
   * What this client told each of these nodes to have from others, before it had a cursor there: the node does not show
   * that. Absent where this client can't tell any more.
   */
  readonly had?: Readonly<Record<Hex, readonly LogEnd[]>>;
  readonly vector: readonly LogRange[];
};

/** All of a log before `next`. */
export type LogEnd = Pick<LogRange, "log" | "next">;

export type KnownNode = {
  readonly node: NodeId;
  /** Whose account runs it: it and the signing key are proven by the node's id. */
  readonly operator: Address;
  readonly signingKey: Hex;
  readonly httpAddress: string;
  readonly registeredBlock: number;
  readonly leftBlock: number | undefined;
  readonly disabled: boolean;
  /** What it serves, in decimal digits: bit n is set for shard n. */
  readonly shards: string;
  /** The registry holds its record no more: it is known for its key. */
  readonly isDropped?: boolean;
  /** Told by one node while no other operator answered: to be read by, but no witness. */
  readonly isUnconfirmed?: boolean;
};

/** What nodes proved of a batch: by which block its node had checkpointed it. */
export type CoverageRecord = {
  /** Of the first checkpoint that covers it; absent: none does. */
  readonly block?: number;
  /** The chain's block up to which that holds. */
  readonly asOf: number;
};

/** A message by a removed or revoked sender whose verdict can still change. */
export type AwaitedRecord = { readonly isPending: boolean };

/** What the registry said of an inbox at the end of a block, checked. */
export type InboxSnapshot = {
  readonly asOf: number;
  /** What judging needs of it; undefined: the registry does not know the inbox. */
  readonly inbox: KnownInbox | undefined;
  /** What its steps come to, and who vouches for what. */
  readonly history: InboxHistory | undefined;
  /** How many steps it has, and the word that they give. */
  readonly count: number;
  readonly word: Hex;
  /** One node has told it, and nobody else has confirmed the word. */
  readonly isProvisional: boolean;
  /** The last block for which somebody else has confirmed the word of its steps up to there; -1: for none. */
  readonly confirmedAsOf: number;
  /** Wallets of it that have shown a key of their own, also in what a reorganization took. */
  readonly keyWallets: readonly Address[];
};
