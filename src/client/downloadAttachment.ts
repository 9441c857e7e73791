import { openAead, sha256 } from "#crypto";
import { equalBytes } from "../crypto/equalBytes.ts";
import { isWeftError, WeftError } from "../errors.ts";
import { type AttachmentStore, MAX_ATTACHMENT_BYTES } from "../net/attachmentStore.ts";
import type { External, Part } from "../wire/part.ts";

/**
 * Gets what a part of a message lets lie elsewhere, from the first of its addresses that has it, and decrypts it. Throws
 * `too-large` for more than `maxBytes`, `attachment-damaged` if what is there is shorter, longer or other than what was
 * sent, `attachment-unreachable` if no address gives anything, `malformed` for a part that has its bytes in it, and the
 * signal's reason.
 */
export async function downloadAttachment(params: {
  store: AttachmentStore;
  part: Part;
  /** The most bytes of ciphertext that are taken; enough for MAX_ATTACHMENT_BYTES by default. */
  maxBytes?: number;
  signal?: AbortSignal;
}): Promise<Uint8Array> {
  const { store, part, maxBytes = MAX_ATTACHMENT_BYTES + TAG_BYTES, signal } = params;
  const { external } = part;
  if (!external) throw new WeftError({ code: "malformed", message: "the part has no external bytes" });
  if (external.size > maxBytes) {
    throw new WeftError({ code: "too-large", message: `the attachment has ${external.size} bytes` });
  }
  const faults: unknown[] = [];
  for (const url of external.urls) {
    try {
      return opened(external, await store.get({ url, maxBytes: external.size, signal }));
    } catch (error) {
      signal?.throwIfAborted();
      faults.push(isWeftError(error, "too-large") ? damaged("longer than it was sent", error) : error);
    }
  }
  const fault = faults.find((one) => isWeftError(one, "attachment-damaged"));
  if (fault) throw fault;
  const cause = new AggregateError(faults);
  throw new WeftError({ code: "attachment-unreachable", message: "no address gives the attachment", cause });
}

const TAG_BYTES = 16;

function opened({ key, nonce, hash, size }: External, bytes: Uint8Array): Uint8Array {
  if (bytes.length !== size || !equalBytes(sha256(bytes), hash)) throw damaged("not what was sent");
  const plaintext = openAead({ key, nonce, aad: new Uint8Array(), ciphertext: bytes });
  if (!plaintext) throw damaged("does not open by the key in the message");
  return plaintext;
}

function damaged(why: string, cause?: unknown): WeftError {
  return new WeftError({ code: "attachment-damaged", message: `the attachment is ${why}`, cause });
}
