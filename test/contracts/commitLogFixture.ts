import { randomBytes } from "node:crypto";
import { concatHex, encodeAbiParameters, getContract, type Hex, keccak256, toHex } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { commitLogAbi } from "../../src/chain/abi/commitLog.ts";
import { newAccount } from "./newAccount.ts";
import type { TestChain } from "./openChain.ts";

const appendTypes = {
  Append: [
    { name: "group", type: "bytes32" },
    { name: "parent", type: "bytes32" },
    { name: "limit", type: "uint24" },
    { name: "authority", type: "address" },
    { name: "payloadHash", type: "bytes32" },
  ],
} as const;

export type Append = {
  group: Hex;
  parent: Hex;
  limit: number;
  authority: Hex;
  payload: Hex;
  signature: Hex;
};

export const NO_LIMIT = 2 ** 24 - 1;

/** The argument list of `append`. */
export function appendArgs(a: Append) {
  return [a.group, a.parent, a.limit, a.authority, a.payload, a.signature] as const;
}

export function groupOf(genesis: PrivateKeyAccount): Hex {
  return keccak256(encodeAbiParameters([{ type: "address" }], [genesis.address]));
}

export function entryIdOf(a: Omit<Append, "limit" | "signature">): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "bytes32" }, { type: "bytes32" }, { type: "address" }, { type: "bytes32" }],
      [a.group, a.parent, a.authority, keccak256(a.payload)],
    ),
  );
}

/** Incompressible, like a sealed payload. */
export function randomPayload(bytes: number): Hex {
  return toHex(randomBytes(bytes));
}

export async function openCommitLog(chain: TestChain) {
  const address = await chain.deploy("CommitLog");
  const log = getContract({ abi: commitLogAbi, address, client: chain.client });

  /** Signs with `signer`, whoever that is; the signature stands for exactly the fields given here. */
  async function sign(a: Omit<Append, "signature">, signer: PrivateKeyAccount): Promise<Append> {
    const { payload, ...rest } = a;
    const signature = await signer.signTypedData({
      domain: {
        name: "Weft CommitLog",
        version: "2",
        chainId: chain.client.chain.id,
        verifyingContract: address,
      },
      types: appendTypes,
      primaryType: "Append",
      message: { ...rest, payloadHash: keccak256(payload) },
    });
    return { ...a, signature };
  }

  /** A new group with its first entry, and the key that writes below it. */
  async function createGroup(payloadBytes = 32) {
    const genesis = newAccount();
    const authority = newAccount();
    const group = groupOf(genesis);
    const first = await sign(
      { group, parent: group, limit: 0, authority: authority.address, payload: randomPayload(payloadBytes) },
      genesis,
    );
    const hash = await log.write.append(appendArgs(first));
    return { genesis, group, first: entryIdOf(first), authority, hash };
  }

  return { address, log, sign, createGroup };
}

/** The same signature with its s on the other side of the order: valid mathematics, refused by rule. */
export function withHighS(signature: Hex): Hex {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const r = signature.slice(0, 66) as Hex;
  const s = order - BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.slice(130) === "1b" ? "0x1c" : "0x1b";
  return concatHex([r, toHex(s, { size: 32 }), v]);
}
