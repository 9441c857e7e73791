import { concatBytes } from "../crypto/concatBytes.ts";
import { list, opaque, uint8, uint32 } from "./codec/write.ts";
import { encodeGroupContext } from "./epoch/groupContext.ts";
import type { SecretTree, SenderRatchet } from "./epoch/secretTree.ts";
import type { EpochKeys, GroupState } from "./groupState.ts";

/** The first byte of what is written: it tells a state from epoch keys, and this layout from later ones. */
export const storedTags = { epochKeys: 0x11, state: 0x12 } as const;

/**
 * Encodes a state without its tree, which `encodeTree` writes once per commit. What changes with a message is the
 * secret tree: the ratchets of those who have spoken and the unused node secrets beside their paths.
 */
export function encodeState(state: GroupState): Uint8Array {
  const privateKeys = [...state.privateKeys].map(([position, key]) => concatBytes(uint32(position), key));
  return concatBytes(
    uint8(storedTags.state),
    encodeKeys(state),
    opaque(state.interimTranscriptHash),
    state.membershipKey,
    state.exporterSecret,
    state.epochAuthenticator,
    state.initSecret,
    list(privateKeys),
  );
}

/** Encodes the keys of a closed epoch, without its tree. */
export function encodeEpochKeys(keys: EpochKeys): Uint8Array {
  return concatBytes(uint8(storedTags.epochKeys), encodeKeys(keys));
}

function encodeKeys(keys: EpochKeys): Uint8Array {
  return concatBytes(
    encodeGroupContext(keys.context),
    uint32(keys.ownLeafIndex),
    keys.senderDataSecret,
    encodeSecretTree(keys.secretTree),
  );
}

function encodeSecretTree(tree: SecretTree): Uint8Array {
  const nodes = [...tree.nodes].map(([position, secret]) => concatBytes(uint32(position), secret));
  const ratchets = [...tree.ratchets].map(([leafIndex, ratchet]) =>
    concatBytes(uint32(leafIndex), encodeRatchet(ratchet)),
  );
  return concatBytes(list(nodes), list(ratchets));
}

function encodeRatchet({ generation, secret, skipped }: SenderRatchet): Uint8Array {
  const keys = skipped.map((kept) => concatBytes(uint32(kept.generation), kept.key, kept.nonce));
  return concatBytes(uint32(generation), secret, list(keys));
}
