import { steadyMs } from "../../clock/steadyMs.ts";
import { isWeftError, WeftError } from "../../errors.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { NodeId } from "../../wire/ids.ts";
import { apiOf, type NodeLinks, nodesToTry, noteAnswer, noteFailure } from "./nodeLinks.ts";

/** A node that takes longer to answer is of no use as long as another node does well. */
const ANSWER_MS = 1_500;

/**
 * Asks nodes that failed a while ago whether they are ready, before anything is read by way of them again: those that
 * are not, or that answer calls but no streams, are left alone for longer, and take no conversation from the node that
 * serves it. Throws only what is no fault of a node.
 */
export async function tryAgain(params: { links: NodeLinks; signal: AbortSignal }): Promise<void> {
  const { links, signal } = params;
  const nodes = nodesToTry(links, steadyMs()).filter((node) => !links.trying.has(node));
  await Promise.all(nodes.map((node) => tryNode({ links, node, signal })));
}

/** Asks one node, which need not have failed: what it answers is noted. Throws only what is no fault of a node. */
export async function tryNode(params: {
  links: NodeLinks;
  node: NodeId;
  signal: AbortSignal;
}): Promise<void> {
  const { links, node, signal } = params;
  links.trying.add(node);
  try {
    const isWell = await doesWell({ api: apiOf(links, node), signal });
    if (isWell) noteAnswer(links, node);
    else noteFailure(links, node, steadyMs());
  } catch (error) {
    if (signal.aborted) return;
    if (!isWeftError(error)) throw error;
    noteFailure(links, node, steadyMs(), error.retryAfterMs);
  } finally {
    links.trying.delete(node);
    // Whoever began it: feeds wait for no node that is being tried.
    links.onChange();
  }
}

async function doesWell(params: { api: NodeApi | undefined; signal: AbortSignal }): Promise<boolean> {
  const { api, signal } = params;
  const startedMs = steadyMs();
  if (!api || !(await api.getNode({}, { signal })).ready) return false;
  if (steadyMs() > startedMs + ANSWER_MS) return false;
  const late = new AbortController();
  const tooLate = new WeftError({ code: "node-unreachable", message: "the node answers no streams" });
  const timer = setTimeout(() => late.abort(tooLate), ANSWER_MS);
  const call = { signal: AbortSignal.any([signal, late.signal]) };
  try {
    for await (const _ of api.subscribe({ topics: [] }, call)) return true;
    return false;
  } finally {
    clearTimeout(timer);
    late.abort(tooLate);
  }
}
