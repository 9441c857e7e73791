import { create } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import { ExternalSchema, type Part as PartMessage, PartSchema } from "../gen/weft/v1/message_pb.ts";
import { utf8 } from "./bytes.ts";
import { checkLength } from "./decodeStrict.ts";
import {
  MAX_FALLBACK_BYTES,
  MAX_PART_NAME_BYTES,
  MAX_PART_TYPE_BYTES,
  MAX_URL_BYTES,
  MAX_URLS,
} from "./limits.ts";
import { readNumbered } from "./numbered.ts";

/** One of the things that a message shows: with its bytes, with a place where they lie, or with neither. */
export type Part = {
  /** Media type in lower-case ASCII, at most 128 bytes; empty: text/plain;charset=utf-8. */
  readonly type: string;
  readonly data?: Uint8Array;
  readonly external?: External;
  /** Shown instead by whoever does not know the type; at most 1 KiB. */
  readonly fallback?: string;
  /** Of a file, at most 256 bytes. */
  readonly name?: string;
  /** Numbered byte strings, see `readNumbered`. */
  readonly extra?: Uint8Array;
};

/** Stored elsewhere, encrypted with ChaCha20-Poly1305 (RFC 8439). */
export type External = {
  /** 1 to 4, each at most 2 KiB. */
  readonly urls: readonly string[];
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** 32 bytes: SHA-256 of the ciphertext. */
  readonly hash: Uint8Array;
  /** Of the ciphertext, in bytes. */
  readonly size: number;
};

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const HASH_BYTES = 32;
const LOWER_CASE_ASCII = /^[\x20-\x40\x5b-\x7e]*$/;
// What is said stays as it is, a byte order mark included.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A part that shows a text. Throws `malformed` for one with half a surrogate pair, which UTF-8 has no bytes for. */
export function textPart(text: string): Part {
  if (!text.isWellFormed()) throw malformed("a text");
  return { type: "", data: utf8(text) };
}

/** What a part shows to whoever knows no other type than text: its text, else its fallback, else its name. */
export function textOfPart({ type, data, fallback, name }: Part): string | undefined {
  return type === "" && data ? decoder.decode(data) : (fallback ?? name);
}

/** Throws `malformed` for a part that no version takes. */
export function readPart(message: PartMessage): Part {
  const { type, content, fallback, name, extra } = message;
  const isBounded =
    LOWER_CASE_ASCII.test(type) &&
    type.length <= MAX_PART_TYPE_BYTES &&
    utf8(fallback).length <= MAX_FALLBACK_BYTES &&
    utf8(name).length <= MAX_PART_NAME_BYTES;
  if (!isBounded) throw malformed("a part's type, fallback or name");
  return {
    type,
    ...(content.case === "data" ? { data: content.value } : {}),
    ...(content.case === "external" ? { external: readExternal(content.value) } : {}),
    ...(fallback === "" ? {} : { fallback }),
    ...(name === "" ? {} : { name }),
    ...readExtra(extra),
  };
}

function readExternal(message: (PartMessage["content"] & { case: "external" })["value"]): External {
  const { urls, key, nonce, hash, size } = message;
  checkLength({ bytes: key, length: KEY_BYTES, what: "an external part's key" });
  checkLength({ bytes: nonce, length: NONCE_BYTES, what: "an external part's nonce" });
  checkLength({ bytes: hash, length: HASH_BYTES, what: "an external part's hash" });
  const isBounded = urls.length > 0 && urls.length <= MAX_URLS && size <= Number.MAX_SAFE_INTEGER;
  if (!isBounded || urls.some((url) => utf8(url).length > MAX_URL_BYTES)) {
    throw malformed("an external part's urls or size");
  }
  return { urls, key, nonce, hash, size: Number(size) };
}

/** The part as a protobuf message. Throws `malformed` for strings that have no UTF-8; `readPart` checks the rest. */
export function partMessage(part: Part): PartMessage {
  const { type, data, external, fallback = "", name = "", extra = new Uint8Array() } = part;
  if (![type, fallback, name, ...(external?.urls ?? [])].every((text) => text.isWellFormed())) {
    throw malformed("a part's text");
  }
  const { urls = [], size = 0 } = external ?? {};
  const at = external && create(ExternalSchema, { ...external, urls: [...urls], size: BigInt(size) });
  const content = data
    ? { case: "data" as const, value: data }
    : at && { case: "external" as const, value: at };
  return create(PartSchema, { type, fallback, name, extra, ...(content ? { content } : {}) });
}

/** Throws `malformed` unless the bytes are numbered strings in ascending order. */
export function readExtra(extra: Uint8Array): { readonly extra?: Uint8Array } {
  if (extra.length === 0) return {};
  if (readNumbered(extra)) return { extra };
  throw malformed("an extra");
}

function malformed(what: string): WeftError {
  return new WeftError({ code: "malformed", message: `${what} breaks a rule of its layout` });
}
