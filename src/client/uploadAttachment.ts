import { randomBytes, sealAead, sha256 } from "#crypto";
import { WeftError } from "../errors.ts";
import { type AttachmentStore, MAX_ATTACHMENT_BYTES } from "../net/attachmentStore.ts";
import { toHex } from "../wire/ids.ts";
import { MAX_URL_BYTES, MAX_URLS } from "../wire/limits.ts";
import type { Part } from "../wire/part.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 12;

/**
 * Encrypts bytes under a key of their own, puts them into the app's store, and gives the part that says where they lie,
 * for `sendMessage`. The key stands in the message only. Throws `too-large` beyond MAX_ATTACHMENT_BYTES, `malformed` if
 * the store gives no addresses that fit into a message, and what the store throws.
 */
export async function uploadAttachment(params: {
  store: AttachmentStore;
  bytes: Uint8Array;
  /** Media type in lower-case ASCII. */
  type: string;
  /** Of the file, shown to its readers. */
  name?: string;
  /** Shown by whoever does not know the type. */
  fallback?: string;
  signal?: AbortSignal;
}): Promise<Part> {
  const { store, bytes, type, name, fallback, signal } = params;
  if (bytes.length > MAX_ATTACHMENT_BYTES) {
    throw new WeftError({ code: "too-large", message: `an attachment of ${bytes.length} bytes` });
  }
  const [key, nonce] = [randomBytes(KEY_BYTES), randomBytes(NONCE_BYTES)];
  const sealed = new Uint8Array(sealAead({ key, nonce, aad: new Uint8Array(), plaintext: bytes }));
  const hash = sha256(sealed);
  const urls = await store.put({ bytes: sealed, hash: toHex(hash).slice(2), signal });
  const fits = urls.length > 0 && urls.length <= MAX_URLS && urls.every((url) => url.length <= MAX_URL_BYTES);
  if (!fits) throw new WeftError({ code: "malformed", message: "the store gives no addresses that fit" });
  return {
    ...{ type, external: { urls, key, nonce, hash, size: sealed.length } },
    ...(name === undefined ? {} : { name }),
    ...(fallback === undefined ? {} : { fallback }),
  };
}
