import { generateKeyPairSync, type KeyObject, sign as signBytes } from "node:crypto";
import {
  bytesToHex,
  encodeAbiParameters,
  getContract,
  type Hex,
  hexToBytes,
  keccak256,
  stringToHex,
  toHex,
  zeroHash,
} from "viem";
import { nodeRegistryAbi } from "../../src/chain/abi/nodeRegistry.ts";
import { newAccount } from "./newAccount.ts";
import type { TestChain } from "./openChain.ts";

export const BOND = 10n ** 18n;
export const LEAVE_DELAY_SECONDS = 1000;
/** Of the network, and which of them a node serves: 0 and 2. */
export const SHARDS = 3;
export const SERVED = 0b101n;
export const BURN_ADDRESS = "0x000000000000000000000000000000000000dEaD";
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export type P256Key = { readonly x: Hex; readonly y: Hex; readonly privateKey: KeyObject };

export function newP256Key(): P256Key {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = privateKey.export({ format: "jwk" });
  const coordinate = (text: string) => bytesToHex(Buffer.from(text, "base64url"));
  return { x: coordinate(x), y: coordinate(y), privateKey };
}

/** r ‖ s over SHA-256(message), with s on the side asked for. */
export function signP256(key: P256Key, message: Hex, side: "low" | "high" = "low"): Hex {
  const signature = signBytes("sha256", hexToBytes(message), {
    key: key.privateKey,
    dsaEncoding: "ieee-p1363",
  });
  const s = BigInt(bytesToHex(signature.subarray(32)));
  const low = s > P256_ORDER / 2n ? P256_ORDER - s : s;
  return `${bytesToHex(signature.subarray(0, 32))}${toHex(side === "low" ? low : P256_ORDER - low, { size: 32 }).slice(2)}`;
}

export const addresses = {
  peerKey: `0x${"88".repeat(32)}`,
  peerProof: [`0x${"89".repeat(32)}`, `0x${"8a".repeat(32)}`],
  multiaddrs: ["/ip4/127.0.0.1/tcp/4001", "/dns4/node.example/tcp/4001"],
  httpAddress: "https://node.example",
} as const;

const headerTypes = [
  { type: "bytes32", name: "domain" },
  { type: "uint256", name: "chainId" },
  { type: "address", name: "registry" },
  { type: "bytes32", name: "node" },
  { type: "uint64", name: "generation" },
  { type: "uint32", name: "shard" },
  { type: "uint64", name: "firstSequence" },
  { type: "uint32", name: "count" },
  { type: "uint64", name: "anchorBlock" },
  { type: "bytes32", name: "anchorHash" },
  { type: "uint64", name: "timeMs" },
  { type: "bytes32", name: "previous" },
  { type: "bytes32", name: "root" },
] as const;

export type Header = {
  domain: Hex;
  chainId: bigint;
  registry: Hex;
  node: Hex;
  generation: bigint;
  shard: number;
  firstSequence: bigint;
  count: number;
  timeMs: bigint;
  root: Hex;
};

export async function openNodeRegistry(chain: TestChain, shards = SHARDS) {
  const address = await chain.deploy("NodeRegistry", [BOND, LEAVE_DELAY_SECONDS, shards]);
  const registry = getContract({ abi: nodeRegistryAbi, address, client: chain.client });

  /** A new account with money. */
  async function newOperator() {
    const operator = newAccount();
    await chain.client.setBalance({ address: operator.address, value: 100n * BOND });
    return operator;
  }

  /** Arguments of `register` for an operator's new node. */
  async function registration(operator: Hex, key: P256Key = newP256Key()) {
    const node = await registry.read.nodeId([operator, key.x, key.y]);
    const proof = signP256(key, await registry.read.proofMessage([operator, node]));
    return { node, key, args: [key.x, key.y, SERVED, addresses, proof] as const };
  }

  async function registerNode(value: bigint = BOND) {
    const operator = await newOperator();
    const { node, key, args } = await registration(operator.address);
    const hash = await registry.write.register(args, { account: operator, value });
    return { operator, node, key, args, hash };
  }

  /** An encoded batch header of a node, as documented, with changes. */
  function header(node: Hex, changes: Partial<Header> = {}): Hex {
    const domain = keccak256(stringToHex("weft.batch.v1"));
    const { chainId, ...rest } = {
      ...{ domain, chainId: BigInt(chain.client.chain.id), registry: address, node },
      ...{ generation: 1n, shard: 0, firstSequence: 10n, count: 5, timeMs: 1n, root: zeroHash },
      ...changes,
    };
    return encodeAbiParameters(headerTypes, [
      ...([
        rest.domain,
        chainId,
        rest.registry,
        rest.node,
        rest.generation,
        rest.shard,
        rest.firstSequence,
      ] as const),
      ...([rest.count, 7n, zeroHash, rest.timeMs, zeroHash, rest.root] as const),
    ]);
  }

  return { address, registry, newOperator, registration, registerNode, header };
}
