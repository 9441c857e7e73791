import { activeAt } from "../../identity/inbox.ts";
import type { Intent } from "../../reconciler/records/intent.ts";
import type { StagedRecord } from "../../reconciler/records/records.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { NodeId } from "../../wire/ids.ts";
import { askRegistry } from "../asking/askRegistry.ts";
import type { ClientCore } from "../group/core.ts";

/**
 * True if all whom a staged commit adds are registered at the block that it names. A reorganization may have moved a
 * registration after that block: then every member would refuse the commit, but not those who joined by it before.
 */
export async function isRegistered(params: {
  core: ClientCore;
  intent: Intent;
  staged: StagedRecord;
  node: NodeId;
  api: NodeApi;
  signal: AbortSignal;
}): Promise<boolean> {
  const { core, intent, staged } = params;
  const { welcome, registryBlock: block } = staged;
  const inboxes = intent.resolved;
  if (!welcome || !inboxes) return true;
  const { registry } = await askRegistry({ ...params, reading: core, inboxes, block });
  return welcome.recipients.every(({ installation }) =>
    inboxes.some((inbox) => activeAt({ inbox: registry(inbox), installation, block })),
  );
}
