import { concatBytes } from "../crypto/concatBytes.ts";
import { keccak256 } from "../crypto/keccak256.ts";
import { u64, utf8 } from "./bytes.ts";
import { ADDRESS_BYTES, fromHex, type Hex, ID_BYTES } from "./ids.ts";
import type { Network } from "./network.ts";

const consent = { nonce: "uint256", deadline: "uint256" } as const;

/** Fields of each EIP-712 message of contracts/IIdentityRegistry.sol, in the order in which they are signed. */
export const identityMessages = {
  AddInstallation: {
    inbox: "bytes32",
    installation: "bytes32",
    installationSignatureHash: "bytes32",
    wallet: "address",
    ...consent,
  },
  RevokeInstallation: { inbox: "bytes32", installation: "bytes32", by: "address" },
  LinkWallet: { inbox: "bytes32", wallet: "address", by: "address", ...consent },
  AcceptLink: { inbox: "bytes32", wallet: "address", by: "address", ...consent },
  UnlinkWallet: { inbox: "bytes32", wallet: "address", by: "address", ...consent },
  SetRecovery: { inbox: "bytes32", recovery: "address", by: "address", ...consent },
  VetoRecovery: { inbox: "bytes32", recovery: "address", by: "address", ...consent },
} as const;

export type IdentityMessageName = keyof typeof identityMessages;

/** Name and version of the EIP-712 domain; the rest of it is the network's. */
export const identityDomain = { name: "Weft IdentityRegistry", version: "2" } as const;

const DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

/** Computes what stands for a message in what is signed (EIP-712, hashStruct): 32 bytes. */
export function identityStructHash<Name extends IdentityMessageName>(params: {
  name: Name;
  fields: Readonly<Record<keyof (typeof identityMessages)[Name], Hex | bigint>>;
}): Uint8Array {
  const { name } = params;
  const types: Readonly<Record<string, string>> = identityMessages[name];
  const fields: Readonly<Record<string, Hex | bigint>> = params.fields;
  const names = Object.keys(types);
  const type = `${name}(${names.map((field) => `${types[field]} ${field}`).join(",")})`;
  return keccak256(concatBytes(keccak256(utf8(type)), ...names.map((field) => abiWord(fields[field] ?? 0n))));
}

/** Computes what a wallet signs for a message of this network (EIP-712): 32 bytes. */
export function identityDigest(params: { network: Network; structHash: Uint8Array }): Uint8Array {
  const { network, structHash } = params;
  return keccak256(concatBytes(Uint8Array.of(0x19, 0x01), domainHash(network), structHash));
}

function domainHash({ chainId, identityRegistry }: Network): Uint8Array {
  const { name, version } = identityDomain;
  const texts = [DOMAIN_TYPE, name, version].map((text) => keccak256(utf8(text)));
  return keccak256(concatBytes(...texts, abiWord(BigInt(chainId)), abiWord(identityRegistry)));
}

/** Encodes a number, an address or 32 bytes as the one word that `abi.encode` makes of it. */
export function abiWord(value: Hex | bigint): Uint8Array {
  if (typeof value === "bigint") return numberWord(value);
  const bytes = fromHex(value);
  return bytes.length === ADDRESS_BYTES
    ? concatBytes(new Uint8Array(ID_BYTES - ADDRESS_BYTES), bytes)
    : bytes;
}

function numberWord(value: bigint): Uint8Array {
  const limbs = [192n, 128n, 64n, 0n].map((shift) => u64(BigInt.asUintN(64, value >> shift)));
  return concatBytes(...limbs);
}
