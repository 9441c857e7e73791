import { type InstallationList, listOf } from "../reconciler/inboxes/installationList.ts";
import type { InboxId } from "../wire/ids.ts";
import { refreshInboxes } from "./asking/askRegistry.ts";
import { rankLookUpNodes } from "./asking/lookUpNodes.ts";
import { type Client, coreOf } from "./client.ts";
import { askNodes } from "./nodes/askNodes.ts";
import { networkMs } from "./nodes/chainTime.ts";
import { listOfWallet } from "./wallet/listOfWallet.ts";
import type { WalletPlace } from "./wallet/openWallet.ts";

type OfClient = { readonly client: Client; readonly inbox?: InboxId; readonly signal?: AbortSignal };

/**
 * Lists the installations and wallets of an inbox, with what vouches for each. A client lists those of its own inbox,
 * or of anybody's: what it has read lately it tells at once, and about an inbox that it does not follow it asks a node,
 * if it is online.
 *
 * A bare wallet lists those of its inbox, for which no client has to be open: they are read from nodes and confirmed as
 * clients do it, with the times of the blocks. Then it throws `no-node`, `unknown-record` for a wallet that is in no
 * inbox, `old-network`, `wrong-chain`, `bad-config`.
 */
export async function listInstallations(params: OfClient | WalletPlace): Promise<InstallationList> {
  return "client" in params ? await listOfClient(params) : await listOfWallet(params);
}

async function listOfClient(params: OfClient): Promise<InstallationList> {
  const core = coreOf(params.client);
  const inbox = params.inbox ?? core.self.inbox;
  const followed = new Set([core.self.inbox, ...[...core.groups.values()].flatMap(membersOf)]);
  const isKnown = (core.inboxes.get(inbox)?.asOf ?? -1) >= 0 && followed.has(inbox);
  if (!isKnown && core.online !== undefined) {
    const { signal } = core.closing;
    const asked = { links: core.links, ranked: rankLookUpNodes(core), signal: params.signal ?? signal };
    await askNodes({
      ...asked,
      ask: (api, node) =>
        refreshInboxes({ core, reading: core, api, node, inboxes: [inbox], block: 0, signal: asked.signal }),
    }).catch((error: unknown) => {
      asked.signal.throwIfAborted();
      core.logger.debug({ inbox, error }, "no node told of an inbox");
    });
  }
  return listOf({
    ...{ inbox, snapshot: core.inboxes.get(inbox), self: core.self.installation.key },
    nowMs: networkMs(core.links),
  });
}

function membersOf({ view }: { view: { record: { members: readonly InboxId[] } } }): readonly InboxId[] {
  return view.record.members;
}
