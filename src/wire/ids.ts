import { WeftError } from "../errors.ts";

/** Lower-case hexadecimal with `0x`. Ids are branded hex above the wire and bytes on it. */
export type Hex = `0x${string}`;
type Brand<Name extends string> = Hex & { readonly __id: Name };

/** 32 bytes: keccak256(abi.encode(genesis address)); also the MLS group id. */
export type GroupId = Brand<"group">;
/** 32 bytes, see `entryId`. */
export type EntryId = Brand<"entry">;
/** 32 bytes: keccak256(abi.encode(first wallet, salt)). */
export type InboxId = Brand<"inbox">;
/** 32 bytes: an installation's Ed25519 public key. */
export type InstallationKey = Brand<"installation">;
/** 32 bytes, given by the NodeRegistry. */
export type NodeId = Brand<"node">;
/** 32 bytes: SHA-256, see `envelopeHash`. */
export type EnvelopeHash = Brand<"envelope">;
/** 32 bytes: SHA-256 of a message's content. */
export type MessageId = Brand<"message">;
/** 32 bytes: the id of a direct conversation, see `directIdOf`; it never leaves the device. */
export type DirectId = Brand<"direct">;
/** What an app says and reads something in: a group, or all groups that two people have founded to talk directly. */
export type ConversationId = GroupId | DirectId;
/** 20 bytes. */
export type Address = Brand<"address">;

export type Id = GroupId | DirectId | EntryId | InboxId | InstallationKey | NodeId | EnvelopeHash | MessageId;

export const ID_BYTES = 32;
export const ADDRESS_BYTES = 20;

const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const NO_NIBBLE = 16;
/** The value of each hexadecimal digit, by character code. */
const nibbles = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = "0123456789abcdef".indexOf(String.fromCharCode(code).toLowerCase());
  return value < 0 ? NO_NIBBLE : value;
});

export function toHex(bytes: Uint8Array): Hex {
  let hex = "";
  for (const byte of bytes) hex += digits[byte];
  return `0x${hex}`;
}

/** Reads bytes from hex. Throws `malformed` for anything but `0x` and an even number of hexadecimal digits. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  let isHex = hex.startsWith("0x") && hex.length % 2 === 0;
  const bytes = new Uint8Array(isHex ? hex.length / 2 - 1 : 0);
  for (let i = 0; i < bytes.length; i++) {
    const high = nibbles[hex.charCodeAt(2 + 2 * i)] ?? NO_NIBBLE;
    const low = nibbles[hex.charCodeAt(3 + 2 * i)] ?? NO_NIBBLE;
    isHex &&= (high | low) < NO_NIBBLE;
    bytes[i] = (high << 4) | low;
  }
  if (!isHex)
    throw new WeftError({ code: "malformed", message: `not a hexadecimal value: ${hex.slice(0, 80)}` });
  return bytes;
}

/** Reads a 32-byte id from bytes or hex. Throws `malformed` for any other length. */
export function asId<T extends Id>(value: Uint8Array | string): T {
  return sized(value, ID_BYTES) as T;
}

/** Reads a 20-byte address from bytes or hex of any case. Throws `malformed` for any other length. */
export function asAddress(value: Uint8Array | string): Address {
  return sized(value, ADDRESS_BYTES) as Address;
}

function sized(value: Uint8Array | string, length: number): Hex {
  const bytes = typeof value === "string" ? fromHex(value) : value;
  if (bytes.length !== length) {
    throw new WeftError({ code: "malformed", message: `an id of ${length} bytes has ${bytes.length}` });
  }
  return toHex(bytes);
}
