import { WeftError } from "../../errors.ts";
import { neverCounts } from "../../identity/inboxHistory.ts";
import type { KnownHistory } from "../../reconciler/inboxes/takeHistory.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { Claim } from "../../reconciler/witness/fact.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import { EMPTY_WORD } from "../../wire/identityStep.ts";
import type { InboxId, InstallationKey, NodeId } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";
import { askNodes } from "./askNodes.ts";
import { fetchHistories } from "./fetchHistories.ts";
import type { NodeLinks } from "./nodeLinks.ts";
import type { OwnRelay } from "./ownRelay.ts";

/** How an installation stands in its inbox. */
export type Registration = {
  /** Undefined: the registry does not list it. */
  readonly listed:
    | {
        readonly addedBlock: number;
        /** The number of the chain's newest block, as it was told. */
        readonly head: number;
        /** True if the installation will never count: its own signature is wrong, or nobody vouches for it. */
        readonly isVoid: boolean;
      }
    | undefined;
  /** What one node alone says; undefined if it comes straight from the chain. */
  readonly told: { readonly node: NodeId; readonly claim: Claim } | undefined;
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
 * chain if the client has a way of its own, otherwise from the first node that answers.
 */
export async function findRegistration(
  params: Place & {
    ownRelay: OwnRelay | undefined;
    links: NodeLinks;
    ranked: readonly Pick<KnownNode, "node">[];
    known?: Known;
  },
): Promise<Registration> {
  const { ownRelay, inbox, installation, signal } = params;
  if (!ownRelay)
    return await askNodes({ ...params, ask: (api, node) => findListed({ ...params, api, node }) });
  const listed = await ownRelay.findInstallation({ inbox, installation }, { signal });
  // The wallet's consent covers the installation's signature, and no relay that could swap it is in between.
  return { listed: listed && { ...listed, isVoid: false }, told: undefined };
}

async function findListed(
  params: Place & { api: Pick<NodeApi, "getHistories">; node: NodeId; known?: Known },
): Promise<Registration> {
  const { inbox, installation, node } = params;
  const known = (): KnownHistory => params.known?.before ?? { history: undefined, keyWallets: [] };
  const finalityBlocks = params.known?.finalityBlocks ?? 0;
  const asked = { ...params, inboxes: [inbox], known, finalityBlocks, block: 0 };
  for await (const { head, fetched } of fetchHistories(asked)) {
    const { installations = [], word = EMPTY_WORD } = fetched[0]?.history ?? {};
    const own = installations.find((one) => one.installation === installation);
    const told = { node, claim: { head, facts: [{ kind: "history", inbox, word } as const] } };
    const listed = own && { addedBlock: own.addedBlock, head: head.number, isVoid: neverCounts(own) };
    return { listed, told };
  }
  throw new WeftError({ code: "not-ready", message: `the node ${node} tells nothing of the inbox` });
}
