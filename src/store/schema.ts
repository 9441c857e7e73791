/**
 * The version of the layout below; a changed layout needs a new one. Below are all records of the node's and the
 * client's database: one-byte prefix, key fields in order, value, and the names of the files that write it, which
 * test/store/schema.test.ts compares with the sources. Build keys with `keyOf`, ranges with `rangeOf` (keys.ts).
 * Integers are big-endian, so that iterators go up.
 */
export const SCHEMA_VERSION = 4;

/** The type of a key's field; see keys.ts for the sizes. */
export type FieldKind = "u8" | "u32" | "u64" | "bytes16" | "bytes20" | "bytes32" | "topic" | "text";
export type KeyFields = Readonly<Record<string, FieldKind>>;
/** A kind of record; `value` and `writer` (the files that write it) are for readers and tests. */
export type RecordKind<Fields extends KeyFields> = {
  readonly prefix: number;
  readonly key: Fields;
  readonly value: string;
  readonly writer: string;
};

const log = { node: "bytes32", generation: "u64", shard: "u32" } as const;
const place = { topic: "topic", ...log, sequence: "u64", header: "bytes32" } as const;

/** The records that every database has. */
// biome-ignore format: one record a line
export const commonSchema = {
  meta:         { prefix: 0x00, key: {},                                            value: "JSON: schema version, kind, database id, network", writer: "openDatabase" },
} as const;

/** The records of a node's database. */
// biome-ignore format: one record a line
export const nodeSchema = {
  // the log store: src/store/node
  log:          { prefix: 0x10, key: log,                                           value: "LogState: next (u64) ‖ highest (u64) ‖ 1: conflicted, 2: has a head (u8) ‖ header hash of the head (32) ‖ floor (u64) of each topic kind", writer: "logState" },
  batch:        { prefix: 0x11, key: { ...log, first: "u64", header: "bytes32" },   value: "header (416) ‖ signature (64) ‖ count × (topic kind ‖ envelope hash)", writer: "appendBatch" },
  body:         { prefix: 0x12, key: { envelope: "bytes32" },                       value: "topic (33) ‖ payload", writer: "appendBatch" },
  topicIndex:   { prefix: 0x13, key: { topic: "topic", offset: "u64" },             value: "place: index in batch (u32) ‖ key of the batch", writer: "appendBatch" },
  receipt:      { prefix: 0x14, key: { envelope: "bytes32", offset: "u64" },        value: "place, as in topicIndex", writer: "appendBatch" },
  arrival:      { prefix: 0x15, key: { offset: "u64" },                             value: "arrived at (ms, u64) ‖ key of the batch; its envelope i is at offset + i", writer: "appendBatch" },
  advance:      { prefix: 0x16, key: { ...log, offset: "u64" },                     value: "next (u64) ‖ header hash: from this offset on the log was held up to next", writer: "logState" },
  conflict:     { prefix: 0x17, key: { ...log, header: "bytes32", rival: "bytes32" }, value: "found at (ms, u64)", writer: "appendBatch" },
  hole:         { prefix: 0x18, key: { ...log, first: "u64" },                      value: "end (u64) ‖ recorded at (ms, u64)", writer: "holes" },
  pruned:       { prefix: 0x19, key: { kind: "u8" },                                value: "offset (u64): envelopes of this topic kind before it are gone", writer: "pruneLogs" },
  topicPlace:   { prefix: 0x1a, key: place,                                         value: "envelope hash (32): what a topic's digests are made of", writer: "appendBatch" },
  proof:        { prefix: 0x1b, key: { node: "bytes32" },                           value: "two signed headers that contradict each other, each header (416) ‖ signature (64)", writer: "proofStore" },
  ownLog:       { prefix: 0x1d, key: {},                                            value: "JSON: the generation that this node signs in, where this database lies, whether it was closed", writer: "ownGeneration" },
  // the chain index: src/store/node/chainIndex*
  chainCursor:  { prefix: 0x30, key: {},                                            value: "JSON: the index's head, anchor and floor", writer: "applyChainPage" },
  block:        { prefix: 0x31, key: { number: "u64" },                             value: "JSON: BlockRef, kept down to the floor", writer: "applyChainPage" },
  undo:         { prefix: 0x32, key: { block: "u64", step: "u32" },                 value: "key and former value of a record that the block changed", writer: "applyChainPage" },
  entry:        { prefix: 0x33, key: { group: "bytes32", id: "bytes32" },           value: "length (u32) ‖ JSON: EntryFields; behind it, where an earlier version wrote the record, the payload, which readEntries takes from there", writer: "chainChanges" },
  entryPayload: { prefix: 0x3e, key: { group: "bytes32", id: "bytes32" },           value: "payload of an entry; absent while it is dropped", writer: "chainChanges, keepPayloads" },
  groupRead:    { prefix: 0x3f, key: { group: "bytes32" },                          value: "day since 1970 (u32) on which somebody last read the group's entries here", writer: "keepPayloads" },
  entryByGroup: { prefix: 0x34, key: { group: "bytes32", block: "u64", logIndex: "u32" }, value: "entry id", writer: "chainChanges" },
  child:        { prefix: 0x35, key: { group: "bytes32", parent: "bytes32", index: "u32" }, value: "entry id", writer: "chainChanges" },
  inbox:        { prefix: 0x36, key: { inbox: "bytes32" },                          value: "JSON: IndexedInbox", writer: "chainChanges" },
  inboxStep:    { prefix: 0x3b, key: { inbox: "bytes32", number: "u32" },           value: "word up to this step (32) ‖ IdentityStep (proto/weft/v1/identity.proto)", writer: "chainChanges" },
  wallet:       { prefix: 0x37, key: { wallet: "bytes20" },                         value: "id of the inbox that it is linked to", writer: "chainChanges" },
  node:         { prefix: 0x38, key: { node: "bytes32" },                           value: "JSON: IndexedNode", writer: "chainChanges" },
  checkpoint:   { prefix: 0x39, key: { ...log, sequence: "u64" },                   value: "block (u64) ‖ header hash: the first that reached so far", writer: "chainChanges" },
  lastCheckpoint: { prefix: 0x3a, key: log,                                         value: "sequence (u64) ‖ block (u64) of the log's last checkpoint", writer: "chainChanges" },
} as const;

/** The records of a client's database. */
// biome-ignore format: one record a line
export const clientSchema = {
  identity:      { prefix: 0x50, key: {},                                           value: "IdentityRecord: inbox, installation key pair, how far its registration is", writer: "keepRegistered, openIdentity, registerInstallation, replaceInstallation" },
  keyPackage:    { prefix: 0x51, key: { generation: "u64" },                        value: "KeptKeyPackage: a published key package with its private keys", writer: "admitGroup, forgetKeyPackages, keepKeyPackage" },
  group:         { prefix: 0x52, key: { group: "bytes32" },                         value: "GroupRecord: status, head, name, members, where this client's history of it starts", writer: "changeGroup, replaceInstallation" },
  epoch:         { prefix: 0x53, key: { group: "bytes32", entry: "bytes32" },       value: "tree hash (32) ‖ closed at (ms, u64) ‖ MLS state of the epoch that the entry opened, without its tree; once the epoch is over, only its message keys", writer: "epochStates" },
  tree:          { prefix: 0x55, key: { group: "bytes32", hash: "bytes32" },        value: "ratchet tree", writer: "epochStates" },
  entry:         { prefix: 0x56, key: { group: "bytes32", id: "bytes32" },          value: "EntryRecord: place on chain and verdict", writer: "changeGroup" },
  entryByPlace:  { prefix: 0x57, key: { group: "bytes32", block: "u64", logIndex: "u32" }, value: "entry id", writer: "changeGroup" },
  deadRun:       { prefix: 0x7e, key: { group: "bytes32", parent: "bytes32", block: "u64" }, value: "DeadRun: how many dead children of an entry are counted and not kept, up to a block", writer: "changeGroup" },
  staged:        { prefix: 0x58, key: { group: "bytes32", entry: "bytes32" },       value: "StagedRecord: own commit with what its Welcomes need; its state stands in epoch", writer: "changeGroup" },
  voidable:      { prefix: 0x68, key: { group: "bytes32", entry: "bytes32" },       value: "payload of a commit with a path, for as long as later siblings may void it", writer: "changeByVerdict" },
  outcome:       { prefix: 0x59, key: { group: "bytes32", envelope: "bytes32" },    value: "OutcomeRecord: what became of an envelope", writer: "confirm, holdEnvelope, judgeRecords, receiveEnvelopes" },
  held:          { prefix: 0x5a, key: { group: "bytes32", arrival: "u64" },         value: "HeldRecord: envelope and receipts that wait for the chain", writer: "holdEnvelope" },
  unheld:        { prefix: 0x75, key: { group: "bytes32" },                         value: "UnheldRecord: from where the topic is to be read again, for what did not fit into held", writer: "holdEnvelope" },
  timeline:      { prefix: 0x5b, key: { group: "bytes32", epoch: "u64", rank: "u32", id: "bytes32" }, value: "TimelineRecord: message, gap or commit, in the timeline's order", writer: "changeByVerdict, timelineStore" },
  timelinePlace: { prefix: 0x5c, key: { group: "bytes32", id: "bytes32" },          value: "epoch and rank of its timeline record", writer: "changeByVerdict, timelineStore" },
  relation:      { prefix: 0x65, key: { group: "bytes32", target: "bytes32", state: "u8", kind: "u8", by: "bytes32", epoch: "u64", register: "bytes32", revision: "u32", source: "bytes32" }, value: "RelationRecord: what a message of inbox `by`, or for zero a control, does to another", writer: "timelineStore" },
  epochTally:    { prefix: 0x72, key: { group: "bytes32", epoch: "u64" },           value: "EpochTally: what the epoch's timeline records add up to", writer: "withTallies" },
  groupTally:    { prefix: 0x73, key: { group: "bytes32" },                         value: "GroupTally: what its outcomes and intents add up to", writer: "withTallies" },
  conversation:  { prefix: 0x79, key: { group: "bytes32" },                         value: "ConversationRecord: how many messages are unread, and the last one", writer: "conversationWrites, readUpTo, recountConversation" },
  unread:        { prefix: 0x7a, key: { group: "bytes32", epoch: "u64", rank: "u32", id: "bytes32" }, value: "empty: the message at this place of the timeline is unread", writer: "conversationWrites" },
  word:          { prefix: 0x69, key: { word: "bytes16", at: "u64", group: "bytes32", id: "bytes32" }, value: "empty: a message that its author sent at this time (ms) shows this word, of which the key has the beginning; sixteen zeros: any", writer: "wordWrites" },
  expiry:        { prefix: 0x6c, key: { at: "u64", group: "bytes32", id: "bytes32" }, value: "empty: this message disappears then (ms since 1970)", writer: "expiryWrites" },
  journal:       { prefix: 0x7b, key: { number: "u64" },                            value: "JournalRecord: what a batch has changed in a group; the number is that of its last change", writer: "journal" },
  consumer:      { prefix: 0x7c, key: { name: "text" },                             value: "the number up to which this reader has read the journal", writer: "followJournal" },
  note:          { prefix: 0x90, key: { kind: "u8", subject: "bytes32" },           value: "NoteRecord: what the person has noted about a conversation or an inbox: consent, name, draft, read position", writer: "notes, takeNotes, tellNotes" },
  reader:        { prefix: 0x92, key: { group: "bytes32", inbox: "bytes32" },       value: "ReaderRecord: how far a member says to have read", writer: "readers" },
  untaken:       { prefix: 0x91, key: { group: "bytes32", id: "bytes32" },          value: "empty: the notes in this message are to be taken", writer: "timelineStore" },
  toldGroup:     { prefix: 0x98, key: { group: "bytes32" },                         value: "ToldGroup: name and members of a group that another device has told of and this one is not in", writer: "takePage" },
  replaced:      { prefix: 0x66, key: { group: "bytes32", envelope: "bytes32" },    value: "id of the message that was sealed again", writer: "timelineStore" },
  coverage:      { prefix: 0x6a, key: { ...log, first: "u64", header: "bytes32" },  value: "CoverageRecord: which checkpoint covers a batch, proven", writer: "knownCoverage" },
  awaited:       { prefix: 0x6b, key: { group: "bytes32", id: "bytes32" },          value: "AwaitedRecord: a message whose verdict is pending or not final", writer: "judgeRecords" },
  revocation:    { prefix: 0x67, key: { installation: "bytes32" },                  value: "RevocationRecord: signed, and how far it is", writer: "sendRevocations" },
  copy:          { prefix: 0x6e, key: {},                                           value: "CopyRecord: another database uses the keys of this one", writer: "changeGroup, noticeCopy, replaceInstallation" },
  written:       { prefix: 0x6f, key: { group: "bytes32", authority: "bytes20" },   value: "nothing: an entry with this authority was staged here", writer: "changeGroup" },
  entered:       { prefix: 0x77, key: { group: "bytes32", entry: "bytes32" },       value: "EnteredRecord: this client has come in by a Welcome to this entry", writer: "admitGroup" },
  outbox:        { prefix: 0x5d, key: { sequence: "u64" },                          value: "Intent: what this client was asked to do, and how far that is", writer: "addIntent, changeGroup, replaceInstallation" },
  intentPlace:   { prefix: 0x5e, key: { id: "bytes16" },                            value: "sequence of its outbox record", writer: "addIntent, changeGroup" },
  openIntent:    { prefix: 0x74, key: { sequence: "u64" },                          value: "empty: this intent of the outbox is open", writer: "changeGroup" },
  sendPlace:     { prefix: 0x76, key: { message: "bytes32" },                       value: "sequence of the outbox record that sends it", writer: "changeGroup" },
  publication:   { prefix: 0x5f, key: { sequence: "u64", part: "u32" },             value: "PublicationRecord: an envelope to be delivered for an intent", writer: "changeGroup" },
  topicPosition: { prefix: 0x60, key: { topic: "topic" },                           value: "TopicPositionRecord: cursor per node database, what was had before it, and vector of the last watermark", writer: "followTopics, topicReads" },
  topicRead:     { prefix: 0x78, key: place,                                         value: "envelope hash (32): it was read there, with that node's receipt", writer: "topicReads" },
  welcome:       { prefix: 0x61, key: { envelope: "bytes32" },                      value: "WelcomeRecord: an opened Welcome that waits for its group info", writer: "joinGroups, receiveWelcomes" },
  preference:    { prefix: 0x62, key: { group: "bytes32" },                         value: "node id that the conversation prefers", writer: "preferNode" },
  knownNode:     { prefix: 0x63, key: { node: "bytes32" },                          value: "KnownNode: signing key, address, blocks", writer: "takeNodeLists" },
  witnessSecret: { prefix: 0x7f, key: {},                                           value: "32 random bytes: by which this client draws a witness, the same for ever", writer: "openSecret" },
  knownInbox:    { prefix: 0x64, key: { inbox: "bytes32" },                         value: "InboxSnapshot: its history as replayed up to a block", writer: "askRegistry" },
} as const;
