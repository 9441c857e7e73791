import { create } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import {
  type GroupContext as GroupContextMessage,
  GroupContextSchema,
  ReturningSchema,
} from "../gen/weft/v1/entry_pb.ts";
import { utf8 } from "./bytes.ts";
import { catchFault } from "./catchFault.ts";
import { checkLength, decodeStrict, encodeCanonical } from "./decodeStrict.ts";
import { readDisappearing } from "./disappearing.ts";
import { readKind } from "./groupKind.ts";
import { asId, fromHex, type InboxId, type InstallationKey } from "./ids.ts";
import {
  MAX_EXTRA_BYTES,
  MAX_GROUP_NAME_BYTES,
  MAX_LATE_COMMITS,
  MAX_LATE_SECONDS,
  MAX_MEMBERS,
  MAX_RETURNING,
  MAX_ROTATION_INTERVAL_BLOCKS,
  PROTOCOL_VERSION,
  RETURNING_VERSION,
} from "./limits.ts";
import { readNumbered } from "./numbered.ts";

/** An installation that was removed to be added again: its leaf is awaited for VOID_BLOCKS. */
export type Returning = {
  readonly installation: InstallationKey;
  readonly inbox: InboxId;
  /** The block at about which it was removed. */
  readonly block: number;
};

/** What a group agrees on besides its members; changes by commit only. */
export type GroupContext = {
  /** The protocol's version: no commit lowers it, a super admin raises it. */
  readonly version: number;
  readonly name: string;
  /** 32 bytes; picks the conversation's default node and is renewed by each Remove. */
  readonly salt: Uint8Array;
  /** Sorted, and no inbox is in both lists. */
  readonly superAdmins: readonly InboxId[];
  readonly admins: readonly InboxId[];
  /** A message is in time within this many commits after its epoch's end … */
  readonly lateCommits: number;
  /** … or within this many seconds. */
  readonly lateSeconds: number;
  /** Least distance of a plain member's rotation from its inbox's last commit. */
  readonly rotationIntervalBlocks: number;
  /** In ascending order of installations, each once. */
  readonly returning: readonly Returning[];
  /**
   * Settings by numbers, see `readNumbered`: the kind (`readKind`), after how long messages disappear
   * (`readDisappearing`), and those that this version does not know. Every commit copies all but the second.
   */
  readonly extra: Uint8Array;
};

export type GroupContextReading =
  | { readonly kind: "context"; readonly context: GroupContext }
  | { readonly kind: "newer-version"; readonly version: number }
  | { readonly kind: "malformed" };

const SALT_BYTES = 32;
/** Every member in one of the lists, everything that may be awaited and all settings. */
const MAX_CONTEXT_BYTES = 1024 + MAX_MEMBERS * 34 + MAX_RETURNING * 82 + MAX_EXTRA_BYTES;
/** Field 1, varint: every version starts with its number. */
const VERSION_TAG = 0x08;

/** Encodes a context. Throws `malformed` or `too-large` for a context that `readGroupContext` would not take. */
export function writeGroupContext(context: GroupContext): Uint8Array {
  if (utf8(context.name).length > MAX_GROUP_NAME_BYTES) {
    throw new WeftError({ code: "too-large", message: `a name has at most ${MAX_GROUP_NAME_BYTES} bytes` });
  }
  const bytes = encodeCanonical(
    GroupContextSchema,
    create(GroupContextSchema, {
      ...context,
      protocolVersion: context.version,
      superAdmins: context.superAdmins.map(fromHex),
      admins: context.admins.map(fromHex),
      returning: context.returning.map(({ installation, inbox, block }) =>
        create(ReturningSchema, {
          installation: fromHex(installation),
          inbox: fromHex(inbox),
          block: BigInt(block),
        }),
      ),
    }),
  );
  if (!context.name.isWellFormed() || readGroupContext(bytes).kind !== "context") {
    throw new WeftError({ code: "malformed", message: "the group context breaks a rule of its layout" });
  }
  return bytes;
}

/** Reads the content of the extension: strict, canonical and bounded. Never throws. */
export function readGroupContext(bytes: Uint8Array): GroupContextReading {
  const version = versionOf(bytes);
  if (version !== undefined && version > PROTOCOL_VERSION) return { kind: "newer-version", version };
  const context = catchFault(() => decodeContext(bytes));
  return context === undefined || context instanceof WeftError
    ? { kind: "malformed" }
    : { kind: "context", context };
}

function decodeContext(bytes: Uint8Array): GroupContext | undefined {
  const message = decodeStrict({ schema: GroupContextSchema, bytes, maxBytes: MAX_CONTEXT_BYTES });
  checkLength({ bytes: message.salt, length: SALT_BYTES, what: "a salt" });
  const superAdmins = message.superAdmins.map((inbox) => asId<InboxId>(inbox));
  const admins = message.admins.map((inbox) => asId<InboxId>(inbox));
  const returning = message.returning.map(({ installation, inbox, block }) => ({
    installation: asId<InstallationKey>(installation),
    inbox: asId<InboxId>(inbox),
    block: Number(block),
  }));
  const isInOrder = areSortedAndDisjoint(superAdmins, admins) && areAscending(returning);
  if (!isWithinLimits(message) || !isInOrder || !fitsVersion(message)) return undefined;
  const { protocolVersion: version, name, salt, extra } = message;
  const { lateCommits, lateSeconds, rotationIntervalBlocks } = message;
  const limits = { lateCommits, lateSeconds, rotationIntervalBlocks };
  return { version, name, salt, superAdmins, admins, ...limits, returning, extra };
}

/** True if a context has nothing that its version does not have. */
function fitsVersion({ protocolVersion, returning, extra }: GroupContextMessage): boolean {
  if (protocolVersion < 1 || protocolVersion > PROTOCOL_VERSION) return false;
  return protocolVersion >= RETURNING_VERSION || returning.length + extra.length === 0;
}

function areAscending(returning: readonly Returning[]): boolean {
  return returning.every(
    ({ installation, block }, i) =>
      block <= Number.MAX_SAFE_INTEGER && (returning[i - 1]?.installation ?? "") < installation,
  );
}

function isWithinLimits(message: GroupContextMessage): boolean {
  return (
    utf8(message.name).length <= MAX_GROUP_NAME_BYTES &&
    message.superAdmins.length + message.admins.length <= MAX_MEMBERS &&
    message.lateCommits <= MAX_LATE_COMMITS &&
    message.lateSeconds <= MAX_LATE_SECONDS &&
    message.rotationIntervalBlocks <= MAX_ROTATION_INTERVAL_BLOCKS &&
    message.returning.length <= MAX_RETURNING &&
    message.extra.length <= MAX_EXTRA_BYTES &&
    readNumbered(message.extra) !== undefined &&
    readKind(message.extra) !== undefined &&
    readDisappearing(message.extra) !== undefined
  );
}

function areSortedAndDisjoint(superAdmins: readonly InboxId[], admins: readonly InboxId[]): boolean {
  return (
    [superAdmins, admins].every((list) => list.every((id, i) => i === 0 || (list[i - 1] ?? "") < id)) &&
    new Set([...superAdmins, ...admins]).size === superAdmins.length + admins.length
  );
}

/** Reads the version; undefined unless the bytes start with one of at most 32 bits. */
function versionOf(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== VERSION_TAG) return undefined;
  let version = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[1 + i];
    if (byte === undefined) return undefined;
    version += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return version < 2 ** 32 ? version : undefined;
  }
  return undefined;
}
