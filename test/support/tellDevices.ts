import type { ClientCore } from "../../src/client/group/core.ts";
import type { InboxId, InstallationKey } from "../../src/wire/ids.ts";

/** Lets an offline client know which installations an inbox has, as if it had read the registry. */
export function tellDevices(core: ClientCore, inbox: InboxId, devices: readonly InstallationKey[]): void {
  const installations = devices.map((installation) => ({ installation, addedBlock: 1 }));
  core.inboxes.set(inbox, {
    ...{ asOf: 1, inbox: { inbox, installations }, history: undefined, count: 1, word: "0x" },
    ...{ isProvisional: false, confirmedAsOf: 1, keyWallets: [] },
  });
}
