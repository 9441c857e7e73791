import { signAppend } from "../../src/chain/sign/signAppend.ts";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { addressFromPrivateKey, generateSecp256k1PrivateKey } from "../../src/crypto/secp256k1.ts";
import type { Append } from "../../src/wire/append.ts";
import { entryId, groupIdOf } from "../../src/wire/entry.ts";
import { type Address, asAddress, type EntryId, type GroupId } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";

export type TestAuthority = { readonly privateKey: Uint8Array; readonly address: Address };

export type TestEntry = { readonly append: Append; readonly id: EntryId; readonly authority: TestAuthority };

/** A key of an epoch that exists on chain only. */
export function testAuthority(): TestAuthority {
  const privateKey = generateSecp256k1PrivateKey();
  return { privateKey, address: asAddress(addressFromPrivateKey(privateKey)) };
}

/** A fresh group: its id and the key that signs its first entry. */
export function testGroup(): { group: GroupId; genesis: TestAuthority } {
  const genesis = testAuthority();
  return { group: groupIdOf(genesis.address), genesis };
}

/** A signed append with a payload of `size` arbitrary bytes behind the version byte. */
export function testEntry(params: {
  network: Network;
  group: GroupId;
  parent: EntryId | GroupId;
  signer: TestAuthority;
  limit?: number;
  size?: number;
}): TestEntry {
  const { network, group, parent, signer } = params;
  const authority = testAuthority();
  const payload = concatBytes(Uint8Array.of(1), authority.privateKey, new Uint8Array(params.size ?? 64));
  const fields = { group, parent, limit: params.limit ?? 0, authority: authority.address, payload };
  const signature = signAppend({ network, privateKey: signer.privateKey, ...fields });
  return { append: { ...fields, signature }, id: entryId(fields), authority };
}
