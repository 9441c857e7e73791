import { WeftError } from "../../errors.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import { verifyDelivered } from "../../wire/deliveredWord.ts";
import { type EnvelopeHash, fromHex, type NodeId } from "../../wire/ids.ts";
import type { CoreParts } from "../group/core.ts";

/**
 * Asks which of these envelopes a node has, by its signed word; the answers are in the order asked. Throws `malformed`
 * if the node does not sign for what it says to have.
 */
export async function askWord(params: {
  core: CoreParts<"network" | "links">;
  api: Pick<NodeApi, "vouch">;
  node: NodeId;
  hashes: readonly EnvelopeHash[];
  signal: AbortSignal;
}): Promise<readonly boolean[]> {
  const { core, api, node, hashes, signal } = params;
  const { stored, signature } = await api.vouch({ hashes }, { signal });
  const held = hashes.filter((_, i) => stored[i] === true);
  const signingKey = fromHex(core.links.nodes.get(node)?.signingKey ?? "0x");
  const word = { network: core.network, node, hashes: held, signature, signingKey };
  if (held.length > 0 && !verifyDelivered(word)) {
    throw new WeftError({ code: "malformed", message: `${node} did not sign for what it says to have` });
  }
  return stored;
}
