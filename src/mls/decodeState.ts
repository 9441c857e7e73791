import { equalBytes } from "../crypto/equalBytes.ts";
import { malformed } from "./codec/malformed.ts";
import {
  type Reader,
  readBytes,
  readList,
  readOpaqueOf,
  readUint8,
  readUint32,
  readWhole,
} from "./codec/read.ts";
import { decodeTree } from "./decodeTree.ts";
import { storedTags } from "./encodeState.ts";
import { readGroupContext } from "./epoch/groupContext.ts";
import type { MessageKey, SecretTree, SenderRatchet } from "./epoch/secretTree.ts";
import type { EpochKeys, GroupState } from "./groupState.ts";
import { HASH_LENGTH, KEY_LENGTH, MAX_GENERATIONS_BACK, MAX_TREE_WIDTH, NONCE_LENGTH } from "./limits.ts";
import { leafAt, type RatchetTree } from "./tree/ratchetTree.ts";
import { treeHash } from "./tree/treeHash.ts";

/** Reads what `encodeState` and `encodeTree` wrote. Throws `malformed`, also if the two do not belong together. */
export function decodeState(params: { bytes: Uint8Array; tree: Uint8Array | RatchetTree }): GroupState {
  const state = readWhole(params.bytes, (reader) => {
    const keys = readKeys(reader, storedTags.state);
    return {
      ...keys,
      interimTranscriptHash: readOpaqueOf(reader, HASH_LENGTH),
      membershipKey: readBytes(reader, HASH_LENGTH),
      exporterSecret: readBytes(reader, HASH_LENGTH),
      epochAuthenticator: readBytes(reader, HASH_LENGTH),
      initSecret: readBytes(reader, HASH_LENGTH),
      privateKeys: readMap(reader, MAX_TREE_WIDTH, (one) => readBytes(one, KEY_LENGTH)),
    };
  });
  return withTree(state, params.tree);
}

/** Reads what `encodeEpochKeys` and `encodeTree` wrote. Throws `malformed`. */
export function decodeEpochKeys(params: { bytes: Uint8Array; tree: Uint8Array | RatchetTree }): EpochKeys {
  const keys = readWhole(params.bytes, (reader) => readKeys(reader, storedTags.epochKeys));
  return withTree(keys, params.tree);
}

/** Reads the number of the epoch that a stored state or stored keys are of. Throws `malformed`. */
export function decodeEpochNumber(bytes: Uint8Array): number {
  return readGroupContext({ bytes, at: 1 }).epoch;
}

function withTree<Keys extends Omit<EpochKeys, "tree">>(
  keys: Keys,
  stored: Uint8Array | RatchetTree,
): Keys & { tree: RatchetTree } {
  const tree = stored instanceof Uint8Array ? decodeTree(stored) : stored;
  if (!equalBytes(treeHash(tree), keys.context.treeHash))
    throw malformed("the tree is not that of the state");
  if (!leafAt(tree, keys.ownLeafIndex)) throw malformed("the own leaf is blank");
  return { ...keys, tree };
}

function readKeys(reader: Reader, tag: number): Omit<EpochKeys, "tree"> {
  if (readUint8(reader) !== tag) throw malformed("not what was asked for, or of another version");
  return {
    context: readGroupContext(reader),
    ownLeafIndex: readUint32(reader),
    senderDataSecret: readBytes(reader, HASH_LENGTH),
    secretTree: readSecretTree(reader),
  };
}

function readSecretTree(reader: Reader): SecretTree {
  return {
    nodes: readMap(reader, 2 * MAX_TREE_WIDTH, (one) => readBytes(one, HASH_LENGTH)),
    ratchets: readMap(reader, MAX_TREE_WIDTH, readRatchet),
  };
}

function readRatchet(reader: Reader): SenderRatchet {
  return {
    generation: readUint32(reader),
    secret: readBytes(reader, HASH_LENGTH),
    skipped: readList(reader, MAX_GENERATIONS_BACK, readMessageKey),
  };
}

function readMessageKey(reader: Reader): MessageKey {
  return {
    generation: readUint32(reader),
    key: readBytes(reader, KEY_LENGTH),
    nonce: readBytes(reader, NONCE_LENGTH),
  };
}

function readMap<T>(reader: Reader, max: number, readOne: (reader: Reader) => T): Map<number, T> {
  const entries = readList(reader, max, (one) => [readUint32(one), readOne(one)] as const);
  return new Map(entries);
}
