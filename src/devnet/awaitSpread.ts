import { setTimeout as delay } from "node:timers/promises";
import { steadyMs } from "../clock/steadyMs.ts";
import { askNodes, blockNumber } from "./askNodes.ts";
import type { DevnetNode } from "./devnetNode.ts";
import { type Holdings, holdingsOf, missingIn, type NodeReport, unionOf } from "./nodeHoldings.ts";
import type { Devnet } from "./startDevnet.ts";

const POLL_MS = 20;

/**
 * Resolves when every running node holds what any of those that it reaches held at the call and has read the chain up
 * to its head at the call, or after `timeoutMs`: what does not spread by then is out of reach.
 */
export async function awaitSpread(params: {
  devnet: Devnet;
  timeoutMs: number;
  signal: AbortSignal;
}): Promise<void> {
  const { devnet, timeoutMs, signal } = params;
  const deadline = steadyMs() + timeoutMs;
  const block = await blockNumber({ devnet, signal });
  await Promise.all(devnet.links.sides().map((nodes) => awaitSide({ nodes, block, deadline, signal })));
}

async function awaitSide(params: {
  nodes: readonly DevnetNode[];
  block: number;
  deadline: number;
  signal: AbortSignal;
}): Promise<void> {
  const { nodes, block, deadline, signal } = params;
  const devnet = { nodes };
  const first = await askNodes({ devnet, signal });
  const wanted = unionOf(first.flatMap(({ status }) => (status === undefined ? [] : [holdingsOf(status)])));
  for (let reports = first; !reports.every((report) => hasAll({ report, wanted, block })); ) {
    if (steadyMs() > deadline) return;
    await delay(POLL_MS, undefined, { signal });
    reports = await askNodes({ devnet, signal });
  }
}

function hasAll(params: { report: NodeReport; wanted: Holdings; block: number }): boolean {
  const { report, wanted, block } = params;
  if (report.status === undefined) return false;
  const behind = (report.status.head?.number ?? -1) < block;
  return !behind && missingIn({ status: report.status, wanted }) === 0n;
}
