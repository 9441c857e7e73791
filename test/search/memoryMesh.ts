import { holdsBatch } from "../../src/store/node/appendBatch.ts";
import type { Batch } from "../../src/wire/batch.ts";
import type { NodeId } from "../../src/wire/ids.ts";
import { type MemoryNode, takeBatch } from "./memoryNode.ts";
import type { Random } from "./random.ts";

/** Carries batches between nodes: late, in any order, sometimes only by sync; never across a cut. */
export type MemoryMesh = {
  readonly random: Random;
  readonly nodes: MemoryNode[];
  /** All that were signed in this run. */
  readonly batches: Batch[];
  /** Nodes that answer nobody, by name. */
  readonly down: Set<string>;
  /** Nodes of one side do not hear those of another one. */
  sides: ReadonlyMap<string, number>;
  readonly caught: Map<string, Set<NodeId>>;
  /** How many of its batches a node has anchored, by name. */
  readonly checkpointed: Map<string, number>;
};

const GOSSIP_LOSS = 0.15;
const GOSSIP_MS = 60;
const SYNC_MS = 2_000;

export function createMemoryMesh(random: Random): MemoryMesh {
  return {
    random,
    nodes: [],
    batches: [],
    down: new Set(),
    sides: new Map(),
    caught: new Map(),
    checkpointed: new Map(),
  };
}

/** A batch that is on its originator's disk. */
export function gossip(mesh: MemoryMesh, from: MemoryNode, batch: Batch): void {
  mesh.batches.push(batch);
  for (const to of mesh.nodes) {
    if (to === from || mesh.random.chance(GOSSIP_LOSS)) continue;
    setTimeout(() => void carry({ mesh, from, to, batch }), mesh.random.next() * GOSSIP_MS);
  }
}

/** Brings every node what it lacks, again and again, until the signal aborts. */
export function keepSyncing(mesh: MemoryMesh, signal: AbortSignal): void {
  const again = async (): Promise<void> => {
    if (signal.aborted) return;
    await syncOnce(mesh);
    setTimeout(() => void again(), SYNC_MS);
  };
  setTimeout(() => void again(), SYNC_MS);
}

/** True if all nodes hold all batches. */
export async function isWhole({ nodes, batches }: MemoryMesh): Promise<boolean> {
  for (const { admission } of nodes) {
    for (const batch of batches) if (!(await holdsBatch({ store: admission.store, batch }))) return false;
  }
  return true;
}

async function syncOnce(mesh: MemoryMesh): Promise<void> {
  for (const to of mesh.nodes) {
    for (const batch of mesh.random.shuffle(mesh.batches)) {
      const { store } = to.admission;
      if (await holdsBatch({ store, batch })) continue;
      for (const from of mesh.nodes) {
        const isThere = from !== to && (await holdsBatch({ store: from.admission.store, batch }));
        if (isThere) await carry({ mesh, from, to, batch });
      }
    }
  }
}

async function carry(params: {
  mesh: MemoryMesh;
  from: MemoryNode;
  to: MemoryNode;
  batch: Batch;
}): Promise<void> {
  const { mesh, from, to, batch } = params;
  const isCut = mesh.sides.get(from.name) !== mesh.sides.get(to.name);
  if (isCut || mesh.down.has(from.name) || mesh.down.has(to.name)) return;
  const caught = mesh.caught.get(to.name) ?? new Set<NodeId>();
  mesh.caught.set(to.name, caught);
  await takeBatch({ memory: to, batch, caught });
}
