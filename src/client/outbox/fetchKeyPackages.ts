import { chooseKeyPackage } from "../../identity/chooseKeyPackage.ts";
import { activeInstallations } from "../../identity/inbox.ts";
import { MAX_KEYS_PER_CALL } from "../../rpc/limits.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { Envelope } from "../../wire/envelope.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import type { KeyPackageRecord } from "../../wire/keyPackageRecord.ts";
import type { ClientCore } from "../core.ts";
import type { Registry } from "../entries/judgeEntry.ts";
import { isNodeFault } from "../links/askNodes.ts";
import { activeNodes, apiOf, isUp } from "../links/nodeLinks.ts";

/** Two nodes are asked, so that one which withholds the newest does not decide; more where some have none. */
const NODES_ASKED = 2;

/** The newest usable key package of every active installation of these inboxes that has one. */
export async function fetchKeyPackages(params: {
  core: ClientCore;
  inboxes: readonly InboxId[];
  registry: Registry;
  /** The registry counts as of the end of this block. */
  block: number;
  signal: AbortSignal;
}): Promise<Map<InboxId, KeyPackageRecord[]>> {
  const { core, inboxes, registry, block } = params;
  const wanted = inboxes.flatMap((id) => {
    const inbox = registry(id);
    if (!inbox) return [];
    return activeInstallations({ inbox, block }).map((installation) => ({ inbox, installation }));
  });
  const served = await askForAll({ ...params, installations: wanted.map((one) => one.installation) });
  const found = new Map<InboxId, KeyPackageRecord[]>(inboxes.map((inbox) => [inbox, []]));
  for (const { inbox, installation } of wanted) {
    const envelopes = served.get(installation) ?? [];
    const { record, refused } = chooseKeyPackage({
      ...{ installation, inbox, envelopes, block, network: core.network, nowMs: Date.now() },
    });
    if (refused.length > 0) core.logger.warn({ installation, refused }, "served key packages are not usable");
    if (record) found.get(inbox.inbox)?.push(record);
  }
  return found;
}

async function askForAll(params: {
  core: ClientCore;
  installations: readonly InstallationKey[];
  signal: AbortSignal;
}): Promise<Map<InstallationKey, Envelope[]>> {
  const { core, installations, signal } = params;
  const served = new Map<InstallationKey, Envelope[]>(installations.map((key) => [key, []]));
  let asked = 0;
  let fault: unknown;
  for (const { node } of activeNodes(core.links)) {
    const api = isUp(core.links, node, Date.now()) ? apiOf(core.links, node) : undefined;
    const isWhole = [...served.values()].every((envelopes) => envelopes.length > 0);
    if (!api || (asked >= NODES_ASKED && isWhole)) continue;
    try {
      await askNode({ api, installations, signal, served });
      asked++;
    } catch (error) {
      if (signal.aborted || !isNodeFault(error)) throw error;
      fault = error;
    }
  }
  if (asked === 0 && fault !== undefined) throw fault;
  return served;
}

async function askNode(params: {
  api: NodeApi;
  installations: readonly InstallationKey[];
  signal: AbortSignal;
  served: Map<InstallationKey, Envelope[]>;
}): Promise<void> {
  const { api, installations, signal, served } = params;
  for (let i = 0; i < installations.length; i += MAX_KEYS_PER_CALL) {
    const keys = installations.slice(i, i + MAX_KEYS_PER_CALL);
    const envelopes = await api.getKeyPackages({ installations: keys }, { signal });
    for (const [j, key] of keys.entries()) {
      const envelope = envelopes[j];
      if (envelope) served.get(key)?.push(envelope);
    }
  }
}
