import { create } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import {
  ArchiveChunkSchema,
  ArchivedGroupSchema,
  type ArchivedMessage as ArchivedMessageMessage,
  ArchivedMessageSchema,
  ArchiveEndSchema,
  type ArchiveHead as ArchiveHeadMessage,
  ArchiveHeadSchema,
  type ArchivePage as ArchivePageMessage,
  ArchivePageSchema,
} from "../gen/weft/v1/archive_pb.ts";
import { safeNumber, utf8 } from "./bytes.ts";
import { decodeStrict, encodeCanonical } from "./decodeStrict.ts";
import {
  asAddress,
  asId,
  type EntryId,
  fromHex,
  type GroupId,
  type Hex,
  type InboxId,
  type InstallationKey,
  type MessageId,
} from "./ids.ts";
import { MAX_GROUP_NAME_BYTES, MAX_MEMBERS } from "./limits.ts";
import { contentMessage, type MessageContent, readContent } from "./messageContent.ts";
import type { Network } from "./network.ts";
import { readExtra } from "./part.ts";
import { scanFields } from "./scanFields.ts";

/** The inbox whose archive it is, and the network that the archive is of. */
export type ArchiveHead = {
  readonly network: ArchivedNetwork;
  readonly inbox: InboxId;
  /** The installation that has written the archive and signed every chunk. */
  readonly installation: InstallationKey;
  /** Milliseconds since 1970. */
  readonly writtenAtMs: number;
  /** About how many messages follow. */
  readonly messages: number;
};

export type ArchivedNetwork = Pick<
  Network,
  "chainId" | "commitLog" | "identityRegistry" | "nodeRegistry" | "genesisHash"
>;

/** Messages of one group, the last one first. */
export type ArchivePage = {
  readonly group: GroupId;
  /** Stands on the group's first page. */
  readonly about?: ArchivedGroup;
  readonly messages: readonly ArchivedMessage[];
};

export type ArchivedGroup = {
  readonly name: string;
  readonly members: readonly InboxId[];
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
  /** Numbered byte strings, see `readNumbered`. */
  readonly extra?: Uint8Array;
};

/** A message as the archive's writer has opened it, where it counted. */
export type ArchivedMessage = {
  readonly id: MessageId;
  readonly content: MessageContent;
  readonly epoch: number;
  /** That opened the epoch. */
  readonly entry: EntryId;
  /** Milliseconds since 1970; undefined: it does not expire. */
  readonly expiresAtMs?: number;
  /** Numbered byte strings, see `readNumbered`. */
  readonly extra?: Uint8Array;
};

export type ArchiveEnd = {
  /** How many pages there are. */
  readonly pages: number;
  /** Older messages did not fit. */
  readonly isCut: boolean;
};

export type ArchiveChunk =
  | { readonly kind: "head"; readonly head: ArchiveHead }
  | { readonly kind: "page"; readonly page: ArchivePage }
  | { readonly kind: "end"; readonly end: ArchiveEnd };

/** A chunk before it is signed and sealed: a message of the greatest size with what stands beside it. */
export const MAX_ARCHIVE_CHUNK_BYTES = 68 * 1024;
/** Fields of a chunk with all that it may have; more are not made objects of. */
const MAX_FIELDS = 65_536;
/** What frames a page's messages: the group and the lengths of page and chunk. */
const PAGE_FRAME_BYTES = 64;
/** What frames one of them: its tag and its length. */
const MESSAGE_FRAME_BYTES = 5;

/** Encodes a chunk. Throws `too-large`, and `malformed` for what `readArchiveChunk` would not take. */
export function writeArchiveChunk(chunk: ArchiveChunk): Uint8Array<ArrayBuffer> {
  const bytes = encodeCanonical(ArchiveChunkSchema, create(ArchiveChunkSchema, { body: bodyOf(chunk) }));
  if (bytes.length > MAX_ARCHIVE_CHUNK_BYTES) {
    throw new WeftError({ code: "too-large", message: `a chunk of ${bytes.length} bytes` });
  }
  return bytes;
}

/** Reads a chunk: strict, canonical and bounded. Throws `malformed` or `too-large`. */
export function readArchiveChunk(bytes: Uint8Array): ArchiveChunk {
  const schema = ArchiveChunkSchema;
  if (bytes.length <= MAX_ARCHIVE_CHUNK_BYTES) scanFields({ schema, bytes, maxFields: MAX_FIELDS });
  const { body } = decodeStrict({ schema, bytes, maxBytes: MAX_ARCHIVE_CHUNK_BYTES });
  switch (body.case) {
    case "head":
      return { kind: "head", head: readHead(body.value) };
    case "page":
      return { kind: "page", page: readPage(body.value) };
    case "end":
      return {
        kind: "end",
        end: { pages: safeNumber(body.value.pages), isCut: body.value.isCut },
      };
    default:
      throw malformed("an archive's chunk holds nothing");
  }
}

/** Gives the bytes that a page without messages takes. */
export function bytesOfPage(page: Omit<ArchivePage, "messages">): number {
  return PAGE_FRAME_BYTES + encodeCanonical(ArchivePageSchema, pageMessage({ ...page, messages: [] })).length;
}

/** Gives the bytes that a message takes on a page. */
export function bytesOfArchived(message: ArchivedMessage): number {
  return MESSAGE_FRAME_BYTES + encodeCanonical(ArchivedMessageSchema, archivedMessage(message)).length;
}

function bodyOf(chunk: ArchiveChunk) {
  switch (chunk.kind) {
    case "head":
      return { case: "head" as const, value: headMessage(chunk.head) };
    case "page":
      return { case: "page" as const, value: pageMessage(chunk.page) };
    case "end": {
      const { pages, isCut } = chunk.end;
      return { case: "end" as const, value: create(ArchiveEndSchema, { pages: BigInt(pages), isCut }) };
    }
  }
}

function headMessage({ network, inbox, installation, writtenAtMs, messages }: ArchiveHead) {
  return create(ArchiveHeadSchema, {
    chainId: BigInt(network.chainId),
    commitLog: fromHex(network.commitLog),
    identityRegistry: fromHex(network.identityRegistry),
    nodeRegistry: fromHex(network.nodeRegistry),
    genesisHash: fromHex(network.genesisHash),
    inbox: fromHex(inbox),
    installation: fromHex(installation),
    writtenAt: BigInt(writtenAtMs),
    messages: BigInt(messages),
  });
}

function readHead(message: ArchiveHeadMessage): ArchiveHead {
  return {
    network: {
      chainId: safeNumber(message.chainId),
      commitLog: asAddress(message.commitLog),
      identityRegistry: asAddress(message.identityRegistry),
      nodeRegistry: asAddress(message.nodeRegistry),
      genesisHash: asId<EntryId>(message.genesisHash) as Hex,
    },
    inbox: asId<InboxId>(message.inbox),
    installation: asId<InstallationKey>(message.installation),
    writtenAtMs: safeNumber(message.writtenAt),
    messages: safeNumber(message.messages),
  };
}

function pageMessage({ group, about, messages }: ArchivePage) {
  return create(ArchivePageSchema, {
    group: fromHex(group),
    ...(about ? { about: groupMessage(about) } : {}),
    messages: messages.map(archivedMessage),
  });
}

function groupMessage({ name, members, createdAtMs, extra }: ArchivedGroup) {
  return create(ArchivedGroupSchema, {
    name,
    members: members.map(fromHex),
    createdAt: BigInt(createdAtMs),
    ...(extra ? { extra } : {}),
  });
}

function archivedMessage({ content, epoch, entry, expiresAtMs = 0, extra }: ArchivedMessage) {
  return create(ArchivedMessageSchema, {
    content: contentMessage(content),
    epoch: BigInt(epoch),
    entry: fromHex(entry),
    expiresAt: BigInt(expiresAtMs),
    ...(extra ? { extra } : {}),
  });
}

function readPage(message: ArchivePageMessage): ArchivePage {
  const group = asId<GroupId>(message.group);
  const { about } = message;
  return {
    group,
    ...(about ? { about: readGroup(about) } : {}),
    messages: message.messages.map((one) => readArchived(group, one)),
  };
}

function readGroup(message: NonNullable<ArchivePageMessage["about"]>): ArchivedGroup {
  const { name, members, createdAt, extra } = message;
  if (utf8(name).length > MAX_GROUP_NAME_BYTES || members.length > MAX_MEMBERS) throw malformed("a group");
  return {
    ...{ name, members: members.map((inbox) => asId<InboxId>(inbox)), createdAtMs: safeNumber(createdAt) },
    ...readExtra(extra),
  };
}

function readArchived(group: GroupId, message: ArchivedMessageMessage): ArchivedMessage {
  const { epoch, entry, expiresAt, extra } = message;
  if (message.content === undefined || epoch < 1) throw malformed("a message's content or epoch");
  const { id, content } = readContent(message.content);
  if (content.group !== group) throw malformed("a message of another group");
  return {
    ...{ id, content, epoch: safeNumber(epoch), entry: asId<EntryId>(entry) },
    ...(expiresAt === 0n ? {} : { expiresAtMs: safeNumber(expiresAt) }),
    ...readExtra(extra),
  };
}

function malformed(what: string): WeftError {
  return new WeftError({ code: "malformed", message: `${what}: no rule of an archive allows that` });
}
