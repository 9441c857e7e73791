import { concatBytes } from "../../crypto/concatBytes.ts";
import { MAX_EXTENSIONS, MAX_TREE_BYTES } from "../limits.ts";
import { malformed } from "./malformed.ts";
import { type Reader, readList, readOpaque, readUint16 } from "./read.ts";
import { list, opaque, uint16 } from "./write.ts";

/** Extension (RFC 9420, section 7.2). */
export type Extension = { readonly type: number; readonly content: Uint8Array };

export function encodeExtensions(extensions: readonly Extension[]): Uint8Array {
  return list(extensions.map(({ type, content }) => concatBytes(uint16(type), opaque(content))));
}

/** Reads a list of extensions that names no type twice. */
export function readExtensions(reader: Reader): Extension[] {
  const extensions = readList(reader, MAX_EXTENSIONS, (one) => ({
    type: readUint16(one),
    content: readOpaque(one, MAX_TREE_BYTES),
  }));
  if (new Set(extensions.map(({ type }) => type)).size !== extensions.length) {
    throw malformed("an extension appears twice");
  }
  return extensions;
}
