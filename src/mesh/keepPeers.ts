import type { Libp2p } from "@libp2p/interface";
import { steadyMs } from "../clock/steadyMs.ts";
import type { Admission } from "./admission.ts";
import { closeUnwanted } from "./closeUnwanted.ts";
import { dialMissing } from "./dialMissing.ts";
import type { MeshServices } from "./gossip.ts";
import type { Keeping } from "./keeping.ts";
import type { MeshLogger } from "./meshLogger.ts";
import type { NodeDirectory } from "./nodeDirectory.ts";

const LOOP_MS = 500;

/**
 * Keeps this node connected to the registry's peers, until `signal` aborts: dials missing peers, closes connections to
 * peers that are no longer admitted, and connections whose gossip stream is dead. `refresh` does so at once.
 */
export function keepPeers(params: {
  libp2p: Libp2p<MeshServices>;
  admission: Admission;
  directory: NodeDirectory;
  logger: MeshLogger;
  signal: AbortSignal;
}): { readonly refresh: () => void } {
  const { directory, signal } = params;
  const keeping: Keeping = { ...params, dials: new Map(), dialing: new Set(), silentSince: new Map() };
  const refresh = (): void => {
    if (signal.aborted) return;
    const now = steadyMs();
    closeUnwanted({ keeping, now });
    dialMissing({ keeping, now });
  };
  const timer = setInterval(refresh, LOOP_MS);
  const stopListening = directory.onChange(refresh);
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    stopListening();
  });
  refresh();
  return { refresh };
}
