import { neverCounts } from "../../identity/inboxHistory.ts";
import type { KnownHistory } from "../../reconciler/inboxes/takeHistory.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";
import { askNodes } from "./askNodes.ts";
import { fetchHistories } from "./fetchHistories.ts";
import type { NodeLinks } from "./nodeLinks.ts";
import type { OwnRelay } from "./ownRelay.ts";

/** How an installation stands in its inbox. */
export type Registration = {
  readonly addedBlock: number;
  /** The number of the chain's newest block, as it was told. */
  readonly head: number;
  /**
   * True if the registry lists the installation and it will never count: its own signature is wrong, or nobody vouches
   * for it.
   */
  readonly isVoid: boolean;
};

/**
 * What this client knows of the inbox: only what has come since is read. A reorganization may still take some of it.
 */
type Known = { readonly before: KnownHistory | undefined; readonly finalityBlocks: number };

type Place = {
  readonly network: Network;
  readonly inbox: InboxId;
  readonly installation: InstallationKey;
  readonly signal: AbortSignal;
};

/**
 * Finds the block in which the registry has listed an installation, and the chain's newest block: straight from the
 * chain if the client has a way of its own, otherwise from the first node that answers. Undefined: the registry does
 * not list it.
 */
export async function findRegistration(
  params: Place & {
    ownRelay: OwnRelay | undefined;
    links: NodeLinks;
    ranked: readonly Pick<KnownNode, "node">[];
    known?: Known;
  },
): Promise<Registration | undefined> {
  const { ownRelay, inbox, installation, signal } = params;
  if (!ownRelay) return await askNodes({ ...params, ask: (api) => findListed({ ...params, api }) });
  const listed = await ownRelay.findInstallation({ inbox, installation }, { signal });
  // The wallet's consent covers the installation's signature, and no relay that could swap it is in between.
  return listed && { ...listed, isVoid: false };
}

async function findListed(
  params: Place & { api: Pick<NodeApi, "getHistories">; known?: Known },
): Promise<Registration | undefined> {
  const { inbox, installation } = params;
  const known = (): KnownHistory => params.known?.before ?? { history: undefined, keyWallets: [] };
  const finalityBlocks = params.known?.finalityBlocks ?? 0;
  const asked = { ...params, inboxes: [inbox], known, finalityBlocks, block: 0 };
  for await (const { head, fetched } of fetchHistories(asked)) {
    const installations = fetched[0]?.history?.installations ?? [];
    const listed = installations.find((one) => one.installation === installation);
    if (!listed) return undefined;
    return { addedBlock: listed.addedBlock, head: head.number, isVoid: neverCounts(listed) };
  }
  return undefined;
}
