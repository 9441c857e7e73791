import { hearHead } from "./chainTime.ts";
import type { NodeLinks } from "./nodeLinks.ts";
import type { OwnRelay } from "./ownRelay.ts";

/** Hears the time of the chain from the client's own endpoint, if it has one: that chain will judge what is signed. */
export async function hearOwnChain(params: {
  ownRelay: OwnRelay | undefined;
  links: NodeLinks;
  signal: AbortSignal;
}): Promise<void> {
  const { ownRelay, links, signal } = params;
  const head = await ownRelay?.readHead({ signal });
  if (head) hearHead(links, { url: "own chain", head });
}
