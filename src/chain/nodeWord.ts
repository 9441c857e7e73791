import { encodeAbiParameters, getAbiItem } from "viem";
import { keccak256 } from "../crypto/keccak256.ts";
import { p256Coordinates } from "../crypto/p256Point.ts";
import { type Address, fromHex, type Hex, toHex } from "../wire/ids.ts";
import { nodeRegistryAbi } from "./abi/nodeRegistry.ts";

/** What the registry holds of a node. */
export type NodeFields = {
  readonly operator: Address;
  readonly registeredBlock: number;
  /** Undefined unless it said that it leaves. */
  readonly leftBlock: number | undefined;
  readonly bondWei: bigint;
  readonly generation: bigint;
  /** Seconds since 1970; 0 unless it said that it leaves. */
  readonly withdrawableAt: number;
  /** Undefined unless it was proven to have equivocated. */
  readonly disabledBlock: number | undefined;
  /** P-256, compressed: 33 bytes. */
  readonly signingKey: Hex;
  /** Multihash bytes. */
  readonly peerId: Hex;
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
};

const { outputs: NODE } = getAbiItem({ abi: nodeRegistryAbi, name: "nodes" });

/** The word of a node's present fields, as NodeRegistry.nodeWords gives it. Throws `malformed` for a key that is none. */
export function nodeWord(fields: NodeFields): Hex {
  const { operator, registeredBlock, generation, withdrawableAt, peerId, httpAddress } = fields;
  const { x, y } = p256Coordinates(fromHex(fields.signingKey));
  const node = {
    ...{ operator, registeredBlock, generation, withdrawableAt, peerId, httpAddress },
    leavingBlock: fields.leftBlock ?? 0,
    bond: fields.bondWei,
    disabledBlock: fields.disabledBlock ?? 0,
    x: toHex(x),
    y: toHex(y),
    multiaddrs: [...fields.multiaddrs],
  };
  return toHex(keccak256(fromHex(encodeAbiParameters(NODE, [node]))));
}
