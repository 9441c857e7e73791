import { fromHex, type Hex } from "../../../src/wire/ids.ts";
import type { MessageContent } from "../../../src/wire/messageContent.ts";

/** A content as vectors have it: bytes as hexadecimal. */
export type JsonContent = Hexed<MessageContent>;
type Hexed<Value> = Value extends Uint8Array
  ? Hex
  : Value extends string | number
    ? Value
    : { readonly [Name in keyof Value]: Hexed<Value[Name]> };

/** The fields of a content that are bytes; all other hexadecimal text is an id or a key. */
const byteFields = new Set(["data", "extra", "nonce", "hash"]);

/** The content that a vector names. */
export function contentOfJson(content: JsonContent): MessageContent {
  return { ...(bytesIn(content) as MessageContent), nonce: content.nonce };
}

function bytesIn(value: unknown, name = "", parent = ""): unknown {
  if (typeof value === "string") {
    const isBytes = byteFields.has(name) || (name === "key" && parent === "external");
    return isBytes ? fromHex(value) : value;
  }
  if (Array.isArray(value)) return value.map((one: unknown) => bytesIn(one, name, parent));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([field, one]) => [field, bytesIn(one, field, name)]));
}
