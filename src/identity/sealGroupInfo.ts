import { openAead, randomBytes, sealAead } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { WeftError } from "../errors.ts";
import { u32 } from "../wire/bytes.ts";
import { catchFault } from "../wire/catchFault.ts";
import type { Envelope } from "../wire/envelope.ts";
import { ID_BYTES } from "../wire/ids.ts";
import { GROUP_INFO_CHUNK_BYTES, MAX_GROUP_INFO_CHUNKS } from "../wire/limits.ts";
import { pad, unpad } from "../wire/padme.ts";
import { groupInfoTopic } from "../wire/topic.ts";
import {
  decodeGroupInfoBundle,
  encodeGroupInfoBundle,
  type GroupInfoBundle,
  type GroupInfoReference,
} from "../wire/welcome.ts";
import { buildGroupInfoInSlices, decodeGroupInfoPayload } from "../wire/welcomePayload.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 12;

/** How many topics are drawn: so many find one of 256 shards. */
const MAX_DRAWS = 2_048;

/**
 * Seals what all recipients of one commit share: once, on a topic of its own, one that `isServed` if there are such.
 * Its work takes a hash for every four bytes, in slices. Throws `too-large`.
 */
export async function sealGroupInfo(
  bundle: GroupInfoBundle,
  isServed: (topic: Uint8Array) => boolean = () => true,
): Promise<{
  reference: GroupInfoReference;
  envelopes: Envelope[];
}> {
  const plaintext = pad(encodeGroupInfoBundle(bundle));
  const chunks = Math.ceil(plaintext.length / GROUP_INFO_CHUNK_BYTES);
  if (chunks > MAX_GROUP_INFO_CHUNKS) {
    throw new WeftError({ code: "too-large", message: `a group info in ${chunks} chunks` });
  }
  let topicId = randomBytes(ID_BYTES);
  for (let draws = 1; draws < MAX_DRAWS && !isServed(groupInfoTopic(topicId)); draws++) {
    topicId = randomBytes(ID_BYTES);
  }
  const reference = { topicId, key: randomBytes(KEY_BYTES), chunks };
  const topic = groupInfoTopic(reference.topicId);
  const envelopes: Envelope[] = [];
  for (let index = 0; index < chunks; index++) {
    const start = index * GROUP_INFO_CHUNK_BYTES;
    const chunk = plaintext.subarray(start, start + GROUP_INFO_CHUNK_BYTES);
    const ciphertext = sealAead({ ...place({ reference, index }), plaintext: chunk });
    envelopes.push(await buildGroupInfoInSlices({ topic, index, ciphertext }));
  }
  return { reference, envelopes };
}

export type GroupInfoOutcome =
  | { readonly kind: "group-info"; readonly bundle: GroupInfoBundle }
  /** Some chunks are missing: ask again, or another node. */
  | { readonly kind: "incomplete"; readonly missing: readonly number[] }
  | { readonly kind: "malformed" };

/**
 * Opens a group info from what lies on its topic, in any order; anyone may have put junk beside it, which is skipped.
 * Memory is bounded by MAX_GROUP_INFO_CHUNKS. Never throws.
 */
export function openGroupInfo(params: {
  reference: GroupInfoReference;
  envelopes: Iterable<Envelope>;
}): GroupInfoOutcome {
  const { reference } = params;
  const pieces = new Map<number, Uint8Array>();
  for (const envelope of params.envelopes) {
    const piece = openChunk({ reference, envelope });
    if (piece) pieces.set(piece.index, piece.plaintext);
  }
  const whole = Array.from({ length: reference.chunks }, (_, index) => pieces.get(index));
  const missing = whole.flatMap((piece, index) => (piece ? [] : [index]));
  if (missing.length > 0) return { kind: "incomplete", missing };
  const bundle = catchFault(() =>
    decodeGroupInfoBundle(unpad(concatBytes(...whole.filter((piece) => piece !== undefined)))),
  );
  return bundle instanceof WeftError ? { kind: "malformed" } : { kind: "group-info", bundle };
}

function openChunk(params: {
  reference: GroupInfoReference;
  envelope: Envelope;
}): { index: number; plaintext: Uint8Array } | undefined {
  const { reference, envelope } = params;
  const chunk = catchFault(() => decodeGroupInfoPayload(envelope));
  if (chunk instanceof WeftError || chunk.index >= reference.chunks) return undefined;
  const { index, ciphertext } = chunk;
  const plaintext = openAead({ ...place({ reference, index }), ciphertext });
  return plaintext && { index, plaintext };
}

/** Gives the key, nonce and associated bytes of one chunk: topic ‖ index ‖ count. */
function place(params: { reference: GroupInfoReference; index: number }): {
  key: Uint8Array;
  nonce: Uint8Array;
  aad: Uint8Array;
} {
  const { reference, index } = params;
  const aad = concatBytes(groupInfoTopic(reference.topicId), u32(index), u32(reference.chunks));
  return { key: reference.key, nonce: concatBytes(new Uint8Array(NONCE_BYTES - 4), u32(index)), aad };
}
