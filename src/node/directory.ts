import type { ChainIndex } from "../store/node/chainIndex.ts";
import type { IndexedNode } from "../store/node/indexedRecords.ts";

/** The registered nodes as the index has them, for those who wait for changes. */
export type Directory = {
  readonly nodes: () => readonly IndexedNode[];
  /** Calls back after every change, until the returned function is called. */
  readonly onChange: (listener: () => void) => () => void;
  /** Calls all listeners. */
  readonly tell: () => void;
};

export function openDirectory(index: ChainIndex): Directory {
  const listeners = new Set<() => void>();
  return {
    nodes: () => [...index.state.nodes.values()],
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tell: () => {
      for (const listener of listeners) listener();
    },
  };
}
