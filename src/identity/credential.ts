import { asId, fromHex, ID_BYTES, type InboxId, type InstallationKey } from "../wire/ids.ts";

/** The owner of a leaf: the MLS basic credential holds the inbox id, the signature key is the installation's. */
export type LeafOwner = { readonly inbox: InboxId; readonly installation: InstallationKey };

/** Gives the identity of an installation's basic credential. */
export function credentialOf(inbox: InboxId): Uint8Array {
  return fromHex(inbox);
}

/** Gives the owner of a leaf; undefined for a leaf that names no inbox: its key package is refused. */
export function ownerOfLeaf(leaf: { identity: Uint8Array; signatureKey: Uint8Array }): LeafOwner | undefined {
  if (leaf.identity.length !== ID_BYTES || leaf.signatureKey.length !== ID_BYTES) return undefined;
  return { inbox: asId(leaf.identity), installation: asId(leaf.signatureKey) };
}
