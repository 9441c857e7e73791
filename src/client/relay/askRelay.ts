import type { NodeApi } from "../../rpc/nodeApi.ts";
import { askNodes } from "../links/askNodes.ts";
import type { NodeLinks } from "../links/nodeLinks.ts";
import type { KnownNode } from "../tables.ts";
import type { OwnRelay } from "./ownRelay.ts";

/** What carries identity records to the chain, and says what a wallet has to sign next. */
export type IdentityRelay = Pick<NodeApi, "relayIdentity" | "getWallet">;

/** Asks the client's own way to the chain if it has one, and no node then; else the nodes in order. Throws as both do. */
export async function askRelay<Answer>(params: {
  ownRelay: OwnRelay | undefined;
  links: NodeLinks;
  ranked: readonly Pick<KnownNode, "node">[];
  signal: AbortSignal;
  ask: (relay: IdentityRelay) => Promise<Answer>;
}): Promise<Answer> {
  const { ownRelay, ask } = params;
  return ownRelay ? await ask(ownRelay) : await askNodes(params);
}
