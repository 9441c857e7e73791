import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import { confirmedInbox } from "../../reconciler/inboxes/confirmedInbox.ts";
import type { InstallationKey } from "../../wire/ids.ts";
import type { CoreParts } from "../group/core.ts";

/** A device that was just added is in the registry seconds later: after so many further readings, or so long. */
const READINGS = 2;
const PATIENCE_MS = 10_000;
const LOOK_MS = 100;

export type KnownDevice = "active" | "revoked" | "unknown";

/**
 * Tells what an installation is to this client's own inbox. One that the client has not heard of is waited for a little
 * while it is online.
 */
export async function awaitDevice(params: {
  core: CoreParts<"inboxes" | "online" | "self">;
  installation: InstallationKey;
  signal: AbortSignal;
}): Promise<KnownDevice> {
  const { core, installation, signal } = params;
  const untilMs = steadyMs() + PATIENCE_MS;
  const readings = new Set<number | undefined>();
  for (;;) {
    const snapshot = core.inboxes.get(core.self.inbox);
    const known = confirmedInbox(snapshot)?.installations.find((one) => one.installation === installation);
    if (known) return known.revokedBlock === undefined ? "active" : "revoked";
    readings.add(snapshot?.asOf);
    if (!core.online || readings.size > READINGS || steadyMs() > untilMs) return "unknown";
    await waitMs({ ms: LOOK_MS, signal });
    signal.throwIfAborted();
  }
}
