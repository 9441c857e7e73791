import { uint32 } from "../codec/write.ts";
import { deriveSecret, expandWithLabel } from "../label/expandWithLabel.ts";
import {
  HASH_LENGTH,
  KEY_LENGTH,
  MAX_GENERATIONS_BACK,
  MAX_GENERATIONS_FORWARD,
  NONCE_LENGTH,
} from "../limits.ts";
import { isAbove, leafNodeIndex, leftChild, rightChild, rootIndex } from "../tree/treeMath.ts";

/**
 * The secret tree (RFC 9420, section 9), expanded only where somebody has spoken: node secrets that nothing was
 * derived from yet, and the application ratchets of the leaves that were reached. Consumed secrets are not in it.
 */
export type SecretTree = {
  readonly nodes: ReadonlyMap<number, Uint8Array>;
  readonly ratchets: ReadonlyMap<number, SenderRatchet>;
};

/** A sender's ratchet at its next generation. Of skipped generations only key and nonce are kept. */
export type SenderRatchet = {
  readonly generation: number;
  readonly secret: Uint8Array;
  readonly skipped: readonly MessageKey[];
};

export type MessageKey = {
  readonly generation: number;
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
};

export function createSecretTree(params: { encryptionSecret: Uint8Array; width: number }): SecretTree {
  return { nodes: new Map([[rootIndex(params.width), params.encryptionSecret]]), ratchets: new Map() };
}

/** Gives the next generation that a leaf would seal with. */
export function nextGeneration(tree: SecretTree, leafIndex: number): number {
  return tree.ratchets.get(leafIndex)?.generation ?? 0;
}

export type TakenKey =
  | { readonly kind: "taken"; readonly messageKey: MessageKey; readonly tree: SecretTree }
  | { readonly kind: "keys-gone" }
  | { readonly kind: "too-far-ahead" };

/** Takes one generation's key out of the tree: it is not in the tree that is returned. */
export function takeMessageKey(params: {
  tree: SecretTree;
  leafIndex: number;
  generation: number;
}): TakenKey {
  const { leafIndex, generation } = params;
  const tree = withRatchet(params.tree, leafIndex);
  const ratchet = tree?.ratchets.get(leafIndex);
  if (!tree || !ratchet) return { kind: "keys-gone" };
  if (generation < ratchet.generation) {
    const messageKey = ratchet.skipped.find((kept) => kept.generation === generation);
    if (!messageKey) return { kind: "keys-gone" };
    const skipped = ratchet.skipped.filter((kept) => kept !== messageKey);
    return { kind: "taken", messageKey, tree: replaceRatchet(tree, leafIndex, { ...ratchet, skipped }) };
  }
  if (generation - ratchet.generation > MAX_GENERATIONS_FORWARD) return { kind: "too-far-ahead" };
  const { messageKey, ratchet: next } = advance(ratchet, generation);
  return { kind: "taken", messageKey, tree: replaceRatchet(tree, leafIndex, next) };
}

/** Gives a handshake ratchet's first state; Weft seals no handshake messages, so this is for test vectors. */
export function handshakeRatchetOf(leafSecret: Uint8Array): SenderRatchet {
  return { generation: 0, secret: deriveSecret(leafSecret, "handshake"), skipped: [] };
}

/** Moves a ratchet past `generation`, which is its next one or later. */
export function advance(
  from: SenderRatchet,
  generation: number,
): { messageKey: MessageKey; ratchet: SenderRatchet } {
  const oldestKept = generation - MAX_GENERATIONS_BACK;
  const skipped = from.skipped.filter((kept) => kept.generation >= oldestKept);
  let { secret } = from;
  for (let at = from.generation; at < generation; at++) {
    if (at >= oldestKept) skipped.push(messageKeyOf(secret, at));
    secret = nextSecret(secret, at);
  }
  return {
    messageKey: messageKeyOf(secret, generation),
    ratchet: { generation: generation + 1, secret: nextSecret(secret, generation), skipped },
  };
}

/** Gives the tree with the ratchet of a leaf in it; undefined if no secret above the leaf is left. */
function withRatchet(tree: SecretTree, leafIndex: number): SecretTree | undefined {
  if (tree.ratchets.has(leafIndex)) return tree;
  const nodes = new Map(tree.nodes);
  const leafSecret = takeLeafSecret(nodes, leafIndex);
  if (!leafSecret) return undefined;
  const ratchet = { generation: 0, secret: deriveSecret(leafSecret, "application"), skipped: [] };
  return replaceRatchet({ nodes, ratchets: tree.ratchets }, leafIndex, ratchet);
}

/** Derives down to a leaf; what was derived from leaves `nodes`, the siblings on the way enter it. */
export function takeLeafSecret(nodes: Map<number, Uint8Array>, leafIndex: number): Uint8Array | undefined {
  const start = [...nodes.keys()].find((position) => isAbove(position, leafIndex));
  if (start === undefined) return undefined;
  let secret = nodes.get(start);
  nodes.delete(start);
  for (let at = start; secret && at !== leafNodeIndex(leafIndex); ) {
    const left = childSecret(secret, "left");
    const right = childSecret(secret, "right");
    const goesLeft = isAbove(leftChild(at), leafIndex);
    nodes.set(goesLeft ? rightChild(at) : leftChild(at), goesLeft ? right : left);
    secret = goesLeft ? left : right;
    at = goesLeft ? leftChild(at) : rightChild(at);
  }
  return secret;
}

function replaceRatchet(tree: SecretTree, leafIndex: number, ratchet: SenderRatchet): SecretTree {
  return { nodes: tree.nodes, ratchets: new Map(tree.ratchets).set(leafIndex, ratchet) };
}

function childSecret(secret: Uint8Array, side: "left" | "right"): Uint8Array {
  const context = new TextEncoder().encode(side);
  return expandWithLabel({ secret, label: "tree", context, length: HASH_LENGTH });
}

function messageKeyOf(secret: Uint8Array, generation: number): MessageKey {
  const context = uint32(generation);
  return {
    generation,
    key: expandWithLabel({ secret, label: "key", context, length: KEY_LENGTH }),
    nonce: expandWithLabel({ secret, label: "nonce", context, length: NONCE_LENGTH }),
  };
}

function nextSecret(secret: Uint8Array, generation: number): Uint8Array {
  return expandWithLabel({ secret, label: "secret", context: uint32(generation), length: HASH_LENGTH });
}
