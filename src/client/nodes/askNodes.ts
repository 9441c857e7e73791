import { steadyMs } from "../../clock/steadyMs.ts";
import { isWeftError, WeftError } from "../../errors.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { NodeConnection } from "../../rpc/connectNode.ts";
import type { NodeId } from "../../wire/ids.ts";
import { apiOf, isUp, type NodeLinks } from "./nodeLinks.ts";
import { tryAgain } from "./tryAgain.ts";
import { waitLeftMs } from "./waits.ts";

/** Codes of a node's own faults: another node may do better. */
const elsewhere = new Set([
  "node-unreachable",
  "not-ready",
  "limit-exceeded",
  "chain-unreachable",
  "fee-too-high",
  "unfunded",
  "internal",
  "malformed",
  "bad-history",
  "wrong-shard",
]);

/** True for an error that is the node's own fault, so that another node may do better. */
export function isNodeFault(error: unknown): boolean {
  return isWeftError(error) && elsewhere.has(error.code);
}

/**
 * Asks the nodes in order until one answers; those that have told this client to wait are not asked. Throws the last
 * node's fault, `limit-exceeded` if all that are up have told it so, `no-node` if none is up, and at once whatever is no
 * node's fault.
 */
export async function askNodes<Answer>(params: {
  links: NodeLinks;
  ranked: readonly Pick<KnownNode, "node">[];
  signal: AbortSignal;
  ask: (api: NodeConnection, node: NodeId) => Promise<Answer>;
}): Promise<Answer> {
  const { links, ranked, signal, ask } = params;
  // Nodes that failed are tried again only if no other is up.
  if (!ranked.some(({ node }) => isUp(links, node, steadyMs()))) await tryAgain({ links, signal });
  let fault: unknown;
  for (const { node } of ranked) {
    const api = isUp(links, node, steadyMs()) ? apiOf(links, node) : undefined;
    if (!api) continue;
    const retryAfterMs = waitLeftMs(links.waits, { node, errand: "calls" });
    if (retryAfterMs > 0) {
      const message = "this client has to wait, as all nodes say that it asked";
      fault ??= new WeftError({ code: "limit-exceeded", message, retryAfterMs });
      continue;
    }
    try {
      return await ask(api, node);
    } catch (error) {
      if (signal.aborted || !isNodeFault(error)) throw error;
      fault = error;
    }
  }
  throw fault ?? new WeftError({ code: "no-node", message: "no node answers" });
}
