import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import { askNodes } from "../links/askNodes.ts";
import type { NodeLinks } from "../links/nodeLinks.ts";
import type { KnownNode } from "../tables.ts";
import type { OwnRelay } from "./ownRelay.ts";

/**
 * The block in which the registry has listed an installation, and how far the chain is: read straight from the chain
 * if the client has a way of its own, else by way of the first node that answers. Undefined: it is not listed.
 */
export async function findRegistration(params: {
  ownRelay: OwnRelay | undefined;
  links: NodeLinks;
  ranked: readonly Pick<KnownNode, "node">[];
  inbox: InboxId;
  installation: InstallationKey;
  signal: AbortSignal;
}): Promise<{ readonly addedBlock: number; readonly head: number } | undefined> {
  const { ownRelay, inbox, installation, signal } = params;
  if (ownRelay) return await ownRelay.findInstallation({ inbox, installation }, { signal });
  const { inboxes, head } = await askNodes({
    ...params,
    ask: (api) => api.getInboxes({ inboxes: [inbox] }, { signal }),
  });
  const listed = inboxes[0]?.installations.find((one) => one.installation === installation);
  return listed && { addedBlock: listed.addedBlock, head: head?.number ?? 0 };
}
