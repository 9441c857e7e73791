import { p256PublicKey } from "#crypto";
import { PRIVATE_KEY_SEED_LENGTH, privateKeyFromSeed } from "../../crypto/privateKeyFromSeed.ts";
import { addressFromPrivateKey } from "../../crypto/secp256k1.ts";
import { zero } from "../../crypto/zero.ts";
import { exportSecret } from "../../mls/exportSecret.ts";
import type { GroupState } from "../../mls/groupState.ts";
import { certifyPostingKey, type PostingCredential } from "../../wire/groupEnvelope.ts";
import { type Address, asAddress, type EntryId, fromHex, type GroupId } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";

/** Keys that every member of an epoch derives, and nobody else: docs/protocol.md, "Keys of an epoch". */

const ENTRY_KEY_BYTES = 32;
const EMPTY = new Uint8Array(0);

/** Derives the key that opens and seals the payloads of children of `parent`, the entry that opened the epoch. */
export function entryKeyOf(params: { state: GroupState; parent: EntryId | GroupId }): Uint8Array {
  const { state, parent } = params;
  return exportSecret({ state, label: "weft entry", context: fromHex(parent), length: ENTRY_KEY_BYTES });
}

/** Derives the secp256k1 key that signs appends of children of the entry that opened the epoch. */
export function authorityKeyOf(state: Pick<GroupState, "exporterSecret">): Uint8Array {
  const seed = exportSecret({
    state,
    label: "weft authority",
    context: EMPTY,
    length: PRIVATE_KEY_SEED_LENGTH,
  });
  const key = privateKeyFromSeed({ curve: "secp256k1", seed });
  zero(seed);
  return key;
}

export function authorityOf(state: Pick<GroupState, "exporterSecret">): Address {
  const key = authorityKeyOf(state);
  const address = asAddress(addressFromPrivateKey(key));
  zero(key);
  return address;
}

/** Derives the credential by which members of the epoch post to the group's topic. */
export function postingCredentialOf(params: {
  network: Network;
  group: GroupId;
  head: EntryId;
  state: GroupState;
}): PostingCredential {
  const { network, group, head, state } = params;
  const seed = exportSecret({
    state,
    label: "weft posting",
    context: EMPTY,
    length: PRIVATE_KEY_SEED_LENGTH,
  });
  const privateKey = privateKeyFromSeed({ curve: "p256", seed });
  const publicKey = p256PublicKey(privateKey);
  const authorityKey = authorityKeyOf(state);
  const certificate = certifyPostingKey({ network, group, head, postingKey: publicKey, authorityKey });
  zero(seed, authorityKey);
  return { head, privateKey, publicKey, certificate };
}
