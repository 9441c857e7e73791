import { concatBytes } from "../../crypto/concatBytes.ts";
import { outsideProfile } from "../codec/malformed.ts";
import { type Reader, readLength, readOpaqueOf, readOptional } from "../codec/read.ts";
import { list, opaque, optional } from "../codec/write.ts";
import { HASH_LENGTH } from "../limits.ts";

/** GroupSecrets without pre-shared keys (RFC 9420, section 12.4.3.1). */
export type GroupSecrets = {
  readonly joinerSecret: Uint8Array;
  /** The path secret of the lowest node above both joiner and committer, if the commit has a path. */
  readonly pathSecret: Uint8Array | undefined;
};

export function encodeGroupSecrets({ joinerSecret, pathSecret }: GroupSecrets): Uint8Array {
  return concatBytes(opaque(joinerSecret), optional(pathSecret && opaque(pathSecret)), list([]));
}

export function readGroupSecrets(reader: Reader): GroupSecrets {
  const joinerSecret = readOpaqueOf(reader, HASH_LENGTH);
  const pathSecret = readOptional(reader, (one) => readOpaqueOf(one, HASH_LENGTH));
  if (readLength(reader) !== 0) throw outsideProfile("a Welcome with pre-shared keys");
  return { joinerSecret, pathSecret };
}
