import type { ClientCore } from "../group/core.ts";
import { isRevoked } from "../group/isRevoked.ts";
import { readRegistry } from "./readRegistry.ts";

/**
 * Waits until this database turns out to be a copy and tells when it may become a new installation: not if the registry
 * has revoked it, for then somebody wanted it gone. Ends when the signal aborts.
 */
export async function awaitCopy(params: { core: ClientCore; signal: AbortSignal }): Promise<void> {
  const { core, signal } = params;
  while (!signal.aborted) {
    if (core.copy?.isReplaced === false) {
      await core.registryReads.run(() => readRegistry(params));
      if (!signal.aborted && !isRevoked(core)) core.onCopied();
      return;
    }
    await core.copyWakeup.wait({ signal });
  }
}
