import type { NodeDirectory, RegisteredNode } from "../../src/mesh/nodeDirectory.ts";
import type { NodeId } from "../../src/wire/ids.ts";

/** A registry without a chain: one per test, shared by its nodes, or one per node where views differ. */
export type TestDirectory = NodeDirectory & {
  readonly set: (node: RegisteredNode) => void;
  readonly remove: (node: NodeId) => void;
};

export function testDirectory(): TestDirectory {
  const nodes = new Map<NodeId, RegisteredNode>();
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    nodes: () => [...nodes.values()],
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set: (node) => {
      nodes.set(node.node, node);
      changed();
    },
    remove: (node) => {
      nodes.delete(node);
      changed();
    },
  };
}
