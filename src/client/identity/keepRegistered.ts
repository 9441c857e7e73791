import { writeAtomic } from "../../store/writeAtomic.ts";
import type { ClientCore } from "../core.ts";
import { askNodes } from "../links/askNodes.ts";
import { rankOwnNodes } from "../links/rankGroupNodes.ts";
import { tables } from "../tables.ts";
import { registerInstallation } from "./registerInstallation.ts";

/**
 * Looks after this installation's place in the registry until it is final: one that replaces another is registered;
 * where a reorganization took it away, the same signed record is sent again. True if there is nothing left to do.
 */
export async function keepRegistered(params: { core: ClientCore; signal: AbortSignal }): Promise<boolean> {
  const { core, signal } = params;
  const record = await tables.identity.get(core.database, {});
  if (!record) return true;
  if (!record.registered) {
    await registerInstallation({ ...core, record, signal });
    core.registryWakeup.wake();
    return false;
  }
  if (!record.action) return true;
  const { action, inbox, installation } = record;
  const asked = { links: core.links, ranked: rankOwnNodes(core), signal };
  const { inboxes, head } = await askNodes({
    ...asked,
    ask: (api) => api.getInboxes({ inboxes: [inbox] }, { signal }),
  });
  const listed = inboxes[0]?.installations.find((one) => one.installation === installation);
  if (listed && (head?.number ?? 0) >= listed.addedBlock + core.finalityBlocks) {
    const final = { ...record, action: undefined };
    await writeAtomic({ database: core.database, writes: [tables.identity.put({}, final)], sync: false });
    return true;
  }
  if (!listed) {
    const outcome = await askNodes({ ...asked, ask: (api) => api.relayIdentity(action, { signal }) });
    core.logger.info({ inbox, outcome: outcome.kind }, "sent the registration again");
  }
  return false;
}
