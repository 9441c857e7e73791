import { generateP256, randomBytes } from "#crypto";
import { nodeIdOf } from "../../../src/chain/layout/nodeIdOf.ts";
import type { NodeId } from "../../../src/wire/ids.ts";
import { asAddress } from "../../../src/wire/ids.ts";
import type { Block } from "../memoryChain.ts";
import type { MemoryNode } from "../memoryNode.ts";
import { nodeAddresses } from "../nodeAddresses.ts";
import { keeping } from "./entryLies.ts";
import { insertion, withRecords } from "./falseChain.ts";
import type { Lie, Scene } from "./lie.ts";

const INVENTED_NODES = 3;

/** About who takes part: other nodes' keys, addresses and end, nodes that there are not, and whose inbox a wallet's is. */
export function nodeLie(params: {
  scene: Scene;
  liar: MemoryNode;
  others: readonly MemoryNode[];
  last: Block | undefined;
}): Lie | undefined {
  const { scene, liar, others, last } = params;
  const { detail, since } = scene;
  const victim = others[Math.floor(detail / 6) % Math.max(1, others.length)]?.node;
  if (!victim) return undefined;
  switch (detail % 6) {
    case 0: {
      const { publicKey } = generateP256();
      return changedNode("another node's key swapped", victim, { signingKey: publicKey });
    }
    case 1:
      return changedNode("another node's address swapped", victim, { httpAddress: liar.url });
    case 2:
      return {
        name: "a node hidden",
        forge: (blocks) => keeping(blocks, (record) => !("node" in record && record.node === victim)),
      };
    case 3: {
      const ended = { kind: "node-disabled", node: victim } as const;
      return { name: "a node said to be disabled", forge: insertion(since, [ended]) };
    }
    case 4:
      return { name: "nodes invented", forge: insertion(since, inventNodes(liar)) };
    default:
      return swapWallets(scene, last);
  }
}

function changedNode(
  name: string,
  victim: NodeId,
  fields: { signingKey: Uint8Array } | { httpAddress: string },
): Lie {
  return {
    name,
    forge: (blocks) =>
      blocks.map((block) => {
        const isIt = (record: Block["records"][number]) =>
          record.kind === "node-registered" && record.node === victim;
        if (!block.records.some(isIt)) return block;
        return withRecords(
          block,
          block.records.map((record) => (isIt(record) ? { ...record, ...fields } : record)),
        );
      }),
  };
}

/** By whose addresses the liar itself answers: so many operators more that say what it says. */
function inventNodes({ url: httpAddress }: MemoryNode) {
  return Array.from({ length: INVENTED_NODES }, () => {
    const operator = asAddress(randomBytes(20));
    const { publicKey: signingKey } = generateP256();
    const node = nodeIdOf({ operator, signingKey });
    const owned = { operator, signingKey, bondWei: 1n };
    return { kind: "node-registered", node, ...owned, ...nodeAddresses(httpAddress) } as const;
  });
}

/** One wallet's inbox is told to be another's. */
function swapWallets({ detail }: Scene, last: Block | undefined): Lie | undefined {
  const wallets = [...(last?.state.wallets ?? [])].filter(([, { inbox }]) => inbox !== undefined);
  const [wallet] = wallets[detail % Math.max(1, wallets.length)] ?? [];
  const other = wallets[(detail + 1) % Math.max(1, wallets.length)]?.[1];
  if (!wallet || !other) return undefined;
  return {
    name: "a wallet's inbox swapped",
    forge: (blocks) =>
      blocks.map((block) => {
        const own = block.state.wallets.get(wallet);
        if (!own) return block;
        const swapped = new Map(block.state.wallets).set(wallet, { ...own, inbox: other.inbox });
        return { ...block, state: { ...block.state, wallets: swapped } };
      }),
  };
}
