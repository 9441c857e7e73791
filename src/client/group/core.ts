import type { Wallet } from "../../chain/sign/wallet.ts";
import type { SerialQueue } from "../../clock/serialQueue.ts";
import type { WeftError } from "../../errors.ts";
import type { Installation } from "../../identity/createInstallation.ts";
import type { InboxSnapshot } from "../../reconciler/records/records.ts";
import type { Rotation } from "../../reconciler/upkeep/rotation.ts";
import type { Database } from "../../store/openDatabase.ts";
import type { SumCache } from "../../store/topicSums.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { KnownCertificates } from "../../wire/groupEnvelope.ts";
import type { Address, GroupId, Hex, InboxId, NodeId } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";
import type { Consents } from "../database/consents.ts";
import type { CopyRecord, KeptKeyPackage, ToldGroup } from "../database/tables.ts";
import type { NodeLinks } from "../nodes/nodeLinks.ts";
import type { OwnRelay } from "../nodes/ownRelay.ts";
import type { Turns } from "../timing/turns.ts";
import type { Wakeup } from "../timing/wakeup.ts";
import type { Witnesses } from "../witness/witnesses.ts";
import type { Claim } from "./claim.ts";
import type { EventFeed } from "./events.ts";
import type { Group } from "./group.ts";
import type { IntentWaiter } from "./intentHandle.ts";
import type { Journal } from "./journal.ts";
import type { ReadReceipts } from "./readReceipts.ts";

export type ClientLogger = {
  readonly [Level in "debug" | "info" | "warn" | "error"]: (fields: object, message: string) => void;
};

/** Who this client is: one installation of one inbox. */
export type Self = {
  readonly inbox: InboxId;
  readonly wallet: Address;
  readonly installation: Installation;
};

/** What all verbs of the client share. Opaque to apps. */
export type ClientCore = {
  readonly database: Database;
  readonly network: Network;
  /** It becomes another one after this database turned out to be a copy. */
  self: Self;
  /** Says that this database is a copy and has not got over it yet; otherwise undefined. */
  copy: CopyRecord | undefined;
  /** Signs for the inbox. */
  readonly wallet: Wallet;
  readonly finalityBlocks: number;
  /** How many nodes topics are read from and envelopes published to. */
  readonly mirrors: number;
  readonly rotation: Rotation | "off";
  readonly logger: ClientLogger;
  readonly groups: Map<GroupId, Group>;
  /** Groups that another device has told of; this client may be in them, too. */
  readonly toldGroups: Map<GroupId, ToldGroup>;
  readonly links: NodeLinks;
  /** Takes what goes to the chain in place of the nodes; undefined: the nodes do. */
  readonly ownRelay: OwnRelay | undefined;
  /** The nodes and endpoints that are asked for a second word on what nodes say of the chain. */
  readonly witnesses: Witnesses;
  /** Registry records as of a block, checked. */
  readonly inboxes: Map<InboxId, InboxSnapshot>;
  readonly certificates: KnownCertificates;
  readonly preferences: Map<GroupId, NodeId>;
  readonly keyPackages: Map<number, KeptKeyPackage>;
  readonly waiters: Map<Hex, IntentWaiter>;
  readonly events: EventFeed;
  /** True: conversations that others bring are requests until the person allows them. */
  readonly asksConsent: boolean;
  /** What the person has allowed and blocked. */
  readonly consents: Consents;
  /** Tells members how far the person has read; undefined: nobody hears of it. */
  readonly readReceipts: ReadReceipts | undefined;
  /** False: this client keeps to itself what its person notes, and founds no own room. */
  readonly hasOwnRoom: boolean;
  /** What the person notes is written here, one after another. */
  readonly notes: SerialQueue;
  /** The bucket's Welcomes are looked through one after the other. */
  readonly welcomes: SerialQueue;
  readonly registryReads: SerialQueue;
  /** Questions about groups in which nothing is to be done, for a client with many groups: only some at a time. */
  readonly quietTurns: Turns;
  /** Which group of a direct conversation is written to, and whether to found one, is decided one after the other. */
  readonly directs: SerialQueue;
  /** Groups are entered one after the other. */
  readonly joins: SerialQueue;
  /** Woken when other feeds may have to run. */
  readonly feedsWakeup: Wakeup;
  readonly joinsWakeup: Wakeup;
  readonly identityWakeup: Wakeup;
  readonly registryWakeup: Wakeup;
  readonly copyWakeup: Wakeup;
  /** Woken when there is something to tell the person's other devices, or they have told something. */
  readonly ownRoomWakeup: Wakeup;
  /** Woken when the bucket of this installation's Welcomes is read to the end by way of a node. */
  readonly bucketWakeup: Wakeup;
  /** Woken when another message is to disappear. */
  readonly expiryWakeup: Wakeup;
  /** The node by way of which the bucket was last read to the end. */
  bucketReadBy: NodeId | undefined;
  /** What nodes claim to have served of topics, by topic and node. */
  readonly claims: Map<Hex, Map<NodeId, Claim>>;
  /** Sums over what was read of topics, by the places in the nodes' logs. */
  readonly topicSums: SumCache;
  /** Another operator's newest head, by the operator beside which it was asked for. */
  readonly otherHeads: Map<string, AskedHead>;
  /** When a list of nodes was last asked for because of a receipt, ms since 1970. */
  listAskedAtMs: number;
  /** When each revocation was last handed over, and how often. */
  readonly sentRevocations: Map<string, SentRevocation>;
  /** How often the registration was handed over again: each time another node comes first. */
  registrationTurns: number;
  /** Whether this client was revoked when what follows from that was last told; undefined: it never was. */
  wasRevoked: boolean | undefined;
  readonly closing: AbortController;
  readonly journal: Journal;
  nextSequence: number;
  /** Counts reorganizations that were told: an answer from before one is not taken after it. */
  rollbacks: number;
  /** Counts what was written, so that others can see when nothing moves any more. */
  changes: number;
  online: Online | undefined;
  /** Tasks of connections that are still ending; undefined: none. */
  ending: Promise<void> | undefined;
  /** What the app wants: while the database is opened again the client is offline all the same. */
  wantsOnline: boolean;
  /** Runs while the database is opened again, or a new installation made; then `wantsOnline` is followed. */
  recovery: Promise<void> | undefined;
  /** Why the database is opened again; undefined: it works. */
  storageFault: WeftError | undefined;
  /** Resolves when the first try to open it again is over, whatever came of it. */
  storageTried: PromiseWithResolvers<void>;
  /** When the database was last opened again, by the monotonic clock. */
  storageMendedMs: number;
  /** Hears of every write that failed. */
  readonly onStorageFault: (fault?: WeftError) => void;
  /** Called when the time has come to become a new installation. */
  readonly onCopied: () => void;
};

/** What a change of a group reads and changes in the core: whoever calls `changeGroup` takes it. */
export type ChangingCore = Pick<
  ClientCore,
  | "changes"
  | "consents"
  | "copy"
  | "copyWakeup"
  | "database"
  | "events"
  | "expiryWakeup"
  | "feedsWakeup"
  | "journal"
  | "links"
  | "logger"
  | "nextSequence"
  | "ownRoomWakeup"
  | "onStorageFault"
  | "self"
  | "storageFault"
  | "waiters"
>;

/**
 * The parts of the core that a function reads; a function that changes a group takes `ChangingCore` besides, and one that changes what the client itself keeps in mind takes all of it.
 */
export type CoreParts<Part extends keyof ClientCore> = Readonly<Pick<ClientCore, Part>>;

/** The newest block of another operator's node, when it was asked for; undefined: no node answered. */
export type AskedHead = { readonly atMs: number; readonly head: Promise<BlockRef | undefined> };

export type SentRevocation = { readonly atMs: number; readonly times: number };

/** Everything that talks to nodes, for as long as the client is online. */
export type Online = {
  readonly controller: AbortController;
  readonly tasks: Set<Promise<void>>;
  readonly loopsOf: Set<GroupId>;
  /** When the loops of the last of many groups were to start, by the monotonic clock; undefined before any. */
  lastStartMs: number | undefined;
  /** Starts the loops of a group, unless they run. */
  readonly startLoops: (group: Group) => void;
};
