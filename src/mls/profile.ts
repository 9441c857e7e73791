import { equalBytes } from "../crypto/equalBytes.ts";
import { isUsableX25519 } from "../crypto/isUsableX25519.ts";
import { isWeftError } from "../errors.ts";
import type { Extension } from "./codec/extension.ts";
import { malformed, outsideProfile } from "./codec/malformed.ts";
import { BASIC_CREDENTIAL, CIPHER_SUITE, PROTOCOL_VERSION, WEFT_GROUP_CONTEXT } from "./limits.ts";
import type { Capabilities, LeafNode } from "./tree/leafNode.ts";
import type { RatchetTree } from "./tree/ratchetTree.ts";

/** What Weft asks of leaves, trees and group contexts beyond RFC 9420. */

/** Checks that a leaf has a place in a Weft group. Throws `outside-profile` or `malformed`. */
export function checkLeafProfile(leaf: LeafNode): void {
  if (!isUsableX25519(leaf.encryptionKey)) throw malformed("unusable encryption key in a leaf");
  if (!isCapable(leaf.capabilities))
    throw outsideProfile("a leaf lacks a capability that every member needs");
  if (leaf.extensions.length > 0) throw outsideProfile("extensions in a leaf");
  if (leaf.source.kind === "update") throw outsideProfile("a leaf from an Update proposal");
}

/** True if the leaf of an update path is of the same member as the one it replaces, and has its place here. */
export function isProfileSuccessor(old: LeafNode | undefined, leaf: LeafNode): boolean {
  if (!old || !equalBytes(old.identity, leaf.identity)) return false;
  if (!equalBytes(old.signatureKey, leaf.signatureKey)) return false;
  try {
    checkLeafProfile(leaf);
    return true;
  } catch (error) {
    if (isWeftError(error)) return false;
    throw error;
  }
}

/** Checks every leaf by `checkLeafProfile`, and that all parents have usable keys. Throws as that does. */
export function checkTreeProfile(tree: RatchetTree): void {
  for (const node of tree.nodes) {
    if (node?.kind === "leaf") checkLeafProfile(node);
    else if (node && !isUsableX25519(node.encryptionKey))
      throw malformed("unusable encryption key in a parent");
  }
}

/** Gives the content of the one extension that a group context has. Throws `outside-profile` for any other list. */
export function groupContextContent(extensions: readonly Extension[]): Uint8Array {
  const [extension] = extensions;
  if (extension?.type !== WEFT_GROUP_CONTEXT || extensions.length !== 1) {
    throw outsideProfile("the group context has exactly one extension, Weft's own");
  }
  return extension.content;
}

function isCapable(capabilities: Capabilities): boolean {
  return (
    capabilities.versions.includes(PROTOCOL_VERSION) &&
    capabilities.cipherSuites.includes(CIPHER_SUITE) &&
    capabilities.credentials.includes(BASIC_CREDENTIAL) &&
    capabilities.extensions.includes(WEFT_GROUP_CONTEXT)
  );
}
