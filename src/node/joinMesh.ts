import { isActive } from "../mesh/nodeDirectory.ts";
import { type Mesh, startMesh } from "../mesh/startMesh.ts";
import type { NodeId } from "../wire/ids.ts";
import { type Batcher, openBatcher } from "./batcher.ts";
import { bindMeshLog } from "./bindMeshLog.ts";
import { checkPeerBatch } from "./checkPeerBatch.ts";
import type { NodeParts } from "./openNodeParts.ts";
import { openOwnLog } from "./openOwnLog.ts";
import type { Registration } from "./registerSelf.ts";

/** Joins the other nodes; looks into a sample of what they send. Throws `bad-config` if it can't listen. */
export async function joinMesh(params: {
  parts: NodeParts;
  mayConnect: (peerId: string) => boolean;
}): Promise<Mesh> {
  const { parts, mayConnect } = params;
  const { settings, keys, network, directory, admission, logger } = parts;
  const caught = new Set<NodeId>();
  const sample = settings.postingSample;
  return await startMesh({
    privateKey: keys.peer,
    listen: settings.listen,
    network,
    directory,
    log: bindMeshLog(admission.store),
    checkBatch: ({ batch }) => checkPeerBatch({ admission, batch, caught, sample }),
    mayConnect,
    logger,
  });
}

/** Opens the node's own log with the mesh's help, see `openOwnLog`; a network of one node asks nobody. */
export async function openSigning(params: {
  parts: NodeParts;
  mesh: Mesh;
  registration: Registration;
  /** After a batch is on disk; must not block. */
  onGrowth: () => void;
  signal: AbortSignal;
}): Promise<Batcher> {
  const { parts, mesh, registration, onGrowth, signal } = params;
  const { admission, directory, keys, network, node, readiness, settings } = parts;
  const { store, index } = admission;
  return await openOwnLog({
    ...parts,
    index,
    registration,
    signal,
    tell: (ownLog) => readiness.tell({ ownLog }),
    confirm: async (log) => {
      const others = directory.nodes().filter((other) => isActive(other) && other.node !== node);
      if (others.length === 0) return false;
      const head = await mesh.fetchOwnHead({ log, timeoutMs: settings.ownHeadTimeoutMs });
      return head.kind === "whole";
    },
    open: (log) =>
      openBatcher({
        store,
        network,
        log,
        signingKey: keys.signing,
        anchor: () => index.state.anchor ?? { number: 0, hash: network.genesisHash },
        onBatch: (batch) => {
          mesh.publishBatch(batch);
          onGrowth();
        },
      }),
  });
}
