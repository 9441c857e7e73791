import type { OwnKeyPackage } from "../../identity/createKeyPackageRecord.ts";
import type { Intent } from "../../reconciler/records/intent.ts";
import type { Outcome } from "../../reconciler/records/outcome.ts";
import type {
  AwaitedRecord,
  CoverageRecord,
  DeadRun,
  EnteredRecord,
  EntryRecord,
  EpochTally,
  GroupRecord,
  GroupTally,
  HeldRecord,
  InboxSnapshot,
  KnownNode,
  PublicationRecord,
  StagedRecord,
  TopicPositionRecord,
  UnheldRecord,
} from "../../reconciler/records/records.ts";
import type { RelationRecord, TimelineKey, TimelineRecord } from "../../reconciler/records/timelineRecord.ts";
import type { Publication } from "../../reconciler/view/viewOfGroup.ts";
import { bytesTable, jsonTable } from "../../store/client/table.ts";
import { clientSchema } from "../../store/schema.ts";
import type { ArchiveHead } from "../../wire/archive.ts";
import type { Envelope } from "../../wire/envelope.ts";
import type { HistoryKey } from "../../wire/historyPayload.ts";
import type { IdentityAction } from "../../wire/identityAction.ts";
import type {
  Address,
  EntryId,
  EnvelopeHash,
  GroupId,
  Hex,
  InboxId,
  InstallationKey,
  MessageId,
  NodeId,
} from "../../wire/ids.ts";
import type { Welcome } from "../../wire/welcome.ts";
import type { ConversationRecord, ReaderRecord } from "./conversationRecord.ts";
import type { JournalRecord } from "./journalRecord.ts";
import type { NoteRecord } from "./noteRecord.ts";

export type IdentityRecord = {
  readonly inbox: InboxId;
  readonly wallet: Address;
  readonly salt: Hex;
  readonly installation: InstallationKey;
  readonly privateKey: Uint8Array;
  /** True once the chain has listed the installation. */
  readonly registered: boolean;
  /** The record as it was signed last, from before it is handed over until it is final. */
  readonly action: IdentityAction | undefined;
};

/** This client's revocation of an installation, on its way to the chain until it is final there. */
export type RevocationRecord = Pick<Intent, "id" | "createdAtMs" | "progress" | "acknowledged"> & {
  readonly installation: InstallationKey;
  readonly action: IdentityAction;
  /** True once nothing can change it any more. */
  readonly isFinal: boolean;
};

/** What showed that another database uses the keys of this one, or that they can never count. */
export type CopyEvidence =
  | { readonly kind: "message"; readonly group: GroupId; readonly envelope: EnvelopeHash }
  | { readonly kind: "entry"; readonly group: GroupId; readonly entry: EntryId }
  | { readonly kind: "key-package"; readonly generation: number }
  /** The chain lists the installation for good, in a step that nobody vouches for or that it never agreed to. */
  | { readonly kind: "void-registration" };

/**
 * Says that this database is a copy, or an older state, of one that went on, or that its installation is void. The
 * record stays until the last trace is gone.
 */
export type CopyRecord = {
  /** The installation whose keys both databases have. */
  readonly installation: InstallationKey;
  readonly evidence: CopyEvidence;
  readonly noticedAtMs: number;
  /** True once the database has the keys of a new installation; before that it seals and stages nothing. */
  readonly isReplaced: boolean;
};

export type OutcomeRecord = {
  readonly outcome: Outcome;
  readonly receivedAtMs: number;
};

/** A key package that Welcomes may still name. */
export type KeptKeyPackage = {
  readonly own: OwnKeyPackage;
  /** The record as published. */
  readonly envelope: Envelope;
  readonly publishedTo: readonly NodeId[];
  readonly used: boolean;
  readonly supersededAtMs: number | undefined;
};

/** What another device of this inbox has told of a group. */
export type ToldGroup = {
  readonly group: GroupId;
  readonly name: string;
  readonly members: readonly InboxId[];
  readonly createdAtMs: number;
};

/** This device has asked another one of its inbox for history. */
export type HistoryRequestRecord = {
  /** The private seed of an X-Wing key that is good for this request alone, 32 bytes. */
  readonly seed: Uint8Array;
  /** The device that shows the code. */
  readonly installation: InstallationKey;
  readonly createdAtMs: number;
  /** What was answered; undefined: nothing yet. */
  readonly key?: HistoryKey;
  readonly head?: ArchiveHead;
  /** The number of the first chunk that is not taken in. */
  readonly next: number;
  /** What the chunks before brought. */
  readonly messages: number;
  readonly come: number;
  readonly bytes: number;
};

/** History on its way to another device of the inbox. */
export type HistorySendingRecord = {
  readonly to: InstallationKey;
  readonly code: Uint8Array;
  readonly createdAtMs: number;
  readonly key: HistoryKey;
  /** The number of the next chunk. */
  readonly number: number;
  /** How far back each group is sealed; undefined: nothing is. */
  readonly places?: HistoryPlaces;
  /** All is sealed. */
  readonly isEnded: boolean;
  readonly isCut: boolean;
  readonly messages: number;
  readonly expected: number;
  readonly bytes: number;
  /** Sealed, and on no node yet. */
  readonly pending: readonly Envelope[];
};

/** By group, what of a history was not read yet. */
export type HistoryPlaces = readonly (readonly [GroupId, HistoryPlace])[];
export type HistoryPlace = {
  readonly before: TimelineKey;
  /** When its next message was said, milliseconds since 1970. */
  readonly saidAtMs: number;
  /** True if a page of this group is written already. */
  readonly isBegun: boolean;
};

/** An opened Welcome on its way into the group; names the key package that opens the rest. */
export type WelcomeRecord = {
  readonly welcome: Welcome;
  readonly generation: number;
  readonly receivedAtMs: number;
};

const { identity, keyPackage, group, epoch, tree, entry, entryByPlace, deadRun, staged, voidable } =
  clientSchema;
const { outcome, held, timeline, timelinePlace, relation, replaced } = clientSchema;
const { conversation, unread, journal, consumer, word, expiry, note, untaken, reader, toldGroup } =
  clientSchema;
const { historyRequest, historySending } = clientSchema;
const { unheld, epochTally, groupTally, openIntent, sendPlace, coverage, awaited } = clientSchema;
const { revocation, copy, written, entered, outbox, intentPlace, publication, withdrawn } = clientSchema;
const { topicPosition, topicRead, welcome, preference, knownNode, knownInbox, witnessSecret } = clientSchema;

/** The client's database with the type of every record; keys and meaning stand in store/schema.ts. */
export const tables = {
  identity: jsonTable<typeof identity.key, IdentityRecord>(identity),
  keyPackage: jsonTable<typeof keyPackage.key, KeptKeyPackage>(keyPackage),
  group: jsonTable<typeof group.key, GroupRecord>(group),
  epoch: bytesTable(epoch),
  tree: bytesTable(tree),
  entry: jsonTable<typeof entry.key, EntryRecord>(entry),
  entryByPlace: jsonTable<typeof entryByPlace.key, EntryId>(entryByPlace),
  deadRun: jsonTable<typeof deadRun.key, DeadRun>(deadRun),
  staged: jsonTable<typeof staged.key, StagedRecord>(staged),
  voidable: bytesTable(voidable),
  outcome: jsonTable<typeof outcome.key, OutcomeRecord>(outcome),
  held: jsonTable<typeof held.key, HeldRecord>(held),
  unheld: jsonTable<typeof unheld.key, UnheldRecord>(unheld),
  timeline: jsonTable<typeof timeline.key, TimelineRecord>(timeline),
  timelinePlace: jsonTable<typeof timelinePlace.key, { epoch: number; rank: number }>(timelinePlace),
  relation: jsonTable<typeof relation.key, RelationRecord>(relation),
  conversation: jsonTable<typeof conversation.key, ConversationRecord>(conversation),
  unread: bytesTable(unread),
  word: bytesTable(word),
  expiry: bytesTable(expiry),
  journal: jsonTable<typeof journal.key, JournalRecord>(journal),
  consumer: jsonTable<typeof consumer.key, number>(consumer),
  toldGroup: jsonTable<typeof toldGroup.key, ToldGroup>(toldGroup),
  note: jsonTable<typeof note.key, NoteRecord>(note),
  untaken: bytesTable(untaken),
  reader: jsonTable<typeof reader.key, ReaderRecord>(reader),
  historyRequest: jsonTable<typeof historyRequest.key, HistoryRequestRecord>(historyRequest),
  historySending: jsonTable<typeof historySending.key, HistorySendingRecord>(historySending),
  replaced: jsonTable<typeof replaced.key, MessageId>(replaced),
  epochTally: jsonTable<typeof epochTally.key, EpochTally>(epochTally),
  groupTally: jsonTable<typeof groupTally.key, GroupTally>(groupTally),
  coverage: jsonTable<typeof coverage.key, CoverageRecord>(coverage),
  awaited: jsonTable<typeof awaited.key, AwaitedRecord>(awaited),
  revocation: jsonTable<typeof revocation.key, RevocationRecord>(revocation),
  copy: jsonTable<typeof copy.key, CopyRecord>(copy),
  written: bytesTable(written),
  entered: jsonTable<typeof entered.key, EnteredRecord>(entered),
  outbox: jsonTable<typeof outbox.key, Intent>(outbox),
  intentPlace: jsonTable<typeof intentPlace.key, number>(intentPlace),
  openIntent: bytesTable(openIntent),
  sendPlace: jsonTable<typeof sendPlace.key, number>(sendPlace),
  publication: jsonTable<typeof publication.key, PublicationRecord>(publication),
  withdrawn: jsonTable<typeof withdrawn.key, Publication>(withdrawn),
  topicRead: bytesTable(topicRead),
  topicPosition: jsonTable<typeof topicPosition.key, TopicPositionRecord>(topicPosition),
  welcome: jsonTable<typeof welcome.key, WelcomeRecord>(welcome),
  preference: jsonTable<typeof preference.key, NodeId>(preference),
  knownNode: jsonTable<typeof knownNode.key, KnownNode>(knownNode),
  witnessSecret: bytesTable(witnessSecret),
  knownInbox: jsonTable<typeof knownInbox.key, InboxSnapshot>(knownInbox),
};
