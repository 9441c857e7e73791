import { setTimeout as delay } from "node:timers/promises";
import { steadyMs } from "../clock/steadyMs.ts";
import { WeftError } from "../errors.ts";
import { askNode } from "./askNode.ts";
import type { DevnetNode } from "./devnetNode.ts";

/** Which of a devnet's nodes reach each other. */
export type NodeLinks = {
  /** Nodes by side; one side while nothing is cut. */
  readonly sides: () => readonly (readonly DevnetNode[])[];
  /**
   * Cuts all links between nodes of different sides, which are named by number; nodes that none names are a side of
   * their own. Resolves when the links are closed.
   */
  readonly partition: (sides: readonly (readonly number[])[]) => Promise<void>;
  /** Lets all nodes connect again; resolves when those that run have. */
  readonly heal: () => Promise<void>;
};

const TIMEOUT_MS = 30_000;
const POLL_MS = 50;

export function openNodeLinks(params: { nodes: readonly DevnetNode[]; signal: AbortSignal }): NodeLinks {
  const { nodes, signal } = params;
  let sides: readonly (readonly DevnetNode[])[] = [nodes];
  const apply = async (next: typeof sides): Promise<void> => {
    sides = next;
    const isWhole = sides.length === 1;
    const limited = sides.flatMap((side) => {
      const peers = new Set(side.map(({ addresses }) => addresses.peerId));
      return side.map((node) => node.limitPeers(isWhole ? undefined : peers));
    });
    await Promise.all(limited);
    await awaitLinks({ sides, signal });
  };
  return {
    sides: () => sides,
    partition: (numbers) => {
      const named = numbers.map((side) => nodes.filter(({ number }) => side.includes(number)));
      const rest = nodes.filter((node) => !named.flat().includes(node));
      return apply([...named, rest].filter((side) => side.length > 0));
    },
    heal: () => apply([nodes]),
  };
}

/** Resolves when each running node is connected to all running ones of its side, and to no other. */
async function awaitLinks(params: {
  sides: readonly (readonly DevnetNode[])[];
  signal: AbortSignal;
}): Promise<void> {
  const { sides, signal } = params;
  const deadline = steadyMs() + TIMEOUT_MS;
  for (;;) {
    const wrong = await Promise.all(
      sides.flatMap((side) => side.map((node) => wrongLinks({ node, side, signal }))),
    );
    const lacks = wrong.filter((one) => one !== undefined);
    if (lacks.length === 0) return;
    if (steadyMs() > deadline) throw new WeftError({ code: "not-ready", message: lacks.join("; ") });
    await delay(POLL_MS, undefined, { signal });
  }
}

async function wrongLinks(params: {
  node: DevnetNode;
  side: readonly DevnetNode[];
  signal: AbortSignal;
}): Promise<string | undefined> {
  const { node, side, signal } = params;
  if (!node.isRunning()) return undefined;
  const status = await askNode({ node, signal });
  const wanted = side.filter((one) => one.isRunning()).length - 1;
  if (status === undefined || status.peers === wanted) return undefined;
  return `node ${node.number} is connected to ${status.peers} nodes and not to ${wanted}`;
}
