import { isStorageFault } from "../../errors.ts";
import type { ClientCore } from "../group/core.ts";
import { readRegistry } from "./readRegistry.ts";
import { revokeFormer } from "./revokeFormer.ts";
import { sendRevocations } from "./sendRevocations.ts";

/** How old the registry's word may grow, and how much older for each inbox that is asked about. */
const REGISTRY_PERIOD_MS = 2_000;
const PERIOD_PER_INBOX_MS = 10;
/** How old it may grow while a revocation by this client is on its way. */
const REVOCATION_PERIOD_MS = 200;

/**
 * Reads again and again what the registry says of this client's inbox and of those with which it shares groups, and
 * sends revocations. Ends when the signal aborts.
 */
export async function keepRegistry(params: { core: ClientCore; signal: AbortSignal }): Promise<void> {
  const { core, signal } = params;
  while (!signal.aborted) {
    const timeoutMs = await core.registryReads
      .run(() => readOnce(params))
      .catch((error: unknown) => {
        if (!signal.aborted) core.logger.warn({ error }, "the registry is read again");
        if (isStorageFault(error)) core.onStorageFault(error);
        return REGISTRY_PERIOD_MS;
      });
    await core.registryWakeup.wait({ signal, timeoutMs });
  }
}

/** Reads the registry once; gives the milliseconds until the next round. */
async function readOnce(params: { core: ClientCore; signal: AbortSignal }): Promise<number> {
  const { core } = params;
  const asked = await readRegistry(params).catch(async (error: unknown) => {
    // What goes straight to the chain needs no node.
    if (core.ownRelay) await sendRevocations(params);
    throw error;
  });
  await revokeFormer(core);
  const isOpen = await sendRevocations(params);
  return isOpen ? REVOCATION_PERIOD_MS : REGISTRY_PERIOD_MS + asked * PERIOD_PER_INBOX_MS;
}
