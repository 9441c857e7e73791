import type { KnownNode } from "../../reconciler/records/records.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { Address } from "../../wire/ids.ts";
import { askNodes } from "./askNodes.ts";
import type { NodeLinks } from "./nodeLinks.ts";
import type { OwnRelay } from "./ownRelay.ts";

/**
 * Asks for the inbox of a wallet and the nonce that it has to sign next: by the client's own way to the chain alone if
 * it has one, otherwise from the first node in order that answers. Throws what either of them throws.
 */
export async function askWallet(params: {
  ownRelay: OwnRelay | undefined;
  links: NodeLinks;
  ranked: readonly Pick<KnownNode, "node">[];
  wallet: Address;
  signal: AbortSignal;
}): ReturnType<NodeApi["getWallet"]> {
  const { ownRelay, wallet, signal } = params;
  const ask = (api: Pick<NodeApi, "getWallet">) => api.getWallet({ wallet }, { signal });
  return ownRelay ? await ask(ownRelay) : await askNodes({ ...params, ask });
}
