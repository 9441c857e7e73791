import { steadyMs } from "../../clock/steadyMs.ts";
import { isWeftError } from "../../errors.ts";
import type { NodeId } from "../../wire/ids.ts";
import { apiOf, type NodeLinks, nodesToTry, noteAnswer, noteFailure } from "./nodeLinks.ts";

const ANSWER_MS = 1_000;

/**
 * Asks nodes that failed a while ago whether they are ready, before anything is read by way of them again: those that
 * are not are left alone for longer, and take no conversation from the node that serves it. Throws only what is no
 * fault of a node.
 */
export async function tryAgain(params: { links: NodeLinks; signal: AbortSignal }): Promise<void> {
  const { links, signal } = params;
  await Promise.all(nodesToTry(links, steadyMs()).map((node) => tryNode({ links, node, signal })));
}

async function tryNode(params: { links: NodeLinks; node: NodeId; signal: AbortSignal }): Promise<void> {
  const { links, node, signal } = params;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ANSWER_MS);
  try {
    const answer = await apiOf(links, node)?.getNode({}, { signal: AbortSignal.any([signal, late.signal]) });
    if (answer?.ready) noteAnswer(links, node);
    else noteFailure(links, node, steadyMs());
  } catch (error) {
    if (signal.aborted) return;
    if (!late.signal.aborted && !isWeftError(error)) throw error;
    noteFailure(links, node, steadyMs());
  } finally {
    clearTimeout(timer);
  }
}
