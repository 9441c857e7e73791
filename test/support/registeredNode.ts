import type { RegisteredNode } from "../../src/mesh/nodeDirectory.ts";
import { toHex } from "../../src/wire/ids.ts";
import type { TestOriginator } from "./testOriginator.ts";

/** An originator as the registry has it; without a peer unless told. */
export function registeredNode(
  originator: TestOriginator,
  change: Partial<RegisteredNode> = {},
): RegisteredNode {
  return {
    node: originator.log.node,
    signingKey: toHex(originator.signingPublicKey),
    peerId: toHex(new Uint8Array(38)),
    peerProof: toHex(new Uint8Array(64)),
    multiaddrs: [],
    generation: 1,
    leavingBlock: undefined,
    disabledBlock: undefined,
    ...{ shards: "1", formerShards: [] },
    ...change,
  };
}
