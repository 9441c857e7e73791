import type { Logger } from "pino";
import { sha256 } from "#crypto";
import type { Chain } from "../../chain/provider/chain.ts";
import type { RegistryOutcome } from "../../chain/registry/callNodeRegistry.ts";
import { dropNode } from "../../chain/registry/dropNode.ts";
import { reportEquivocation } from "../../chain/registry/reportEquivocation.ts";
import type { Relayer } from "../../chain/submit/openRelayer.ts";
import { steadyMs } from "../../clock/steadyMs.ts";
import { concatBytes } from "../../crypto/concatBytes.ts";
import { WeftError } from "../../errors.ts";
import { isActive } from "../../mesh/nodeDirectory.ts";
import type { ChainIndex } from "../../store/node/chainIndex.ts";
import type { IndexedNode } from "../../store/node/indexedRecords.ts";
import { fromHex, type NodeId, toHex } from "../../wire/ids.ts";
import { type ChainHub, everyChange } from "../chainHub.ts";
import type { Proofs } from "./proofs.ts";

/**
 * Blocks between the turns of two nodes. Their order differs in each case, so that mostly one node pays, and no single
 * node is needed.
 */
const TURN_BLOCKS = 4;
/** A call that is in no block after so many blocks is made again. */
const LOST_AFTER_BLOCKS = 12;
const LOOK_MS = 3_000;
const RETRY_MS = 5_000;
const MAX_RETRY_MS = 600_000;

type Params = {
  readonly chain: Chain;
  readonly operator: Relayer;
  readonly index: ChainIndex;
  readonly proofs: Proofs;
  readonly hub: ChainHub;
  /** This node: it does not report itself. */
  readonly node: NodeId;
  /** Blocks for which a record stays after its end, lest a reorganization makes it live again. */
  readonly dropAfterBlocks: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
};

/** How far a case is: at which block this node found it, and when the next call may be made. */
type Course = {
  readonly sinceBlock: number;
  sentAtBlock: number | undefined;
  failures: number;
  retryAtMs: number;
};
type Case = {
  readonly name: string;
  readonly node: NodeId;
  readonly waitBlocks: number;
  readonly call: () => Promise<RegistryOutcome>;
};

/**
 * Reports to the chain what this node can prove of others, again where a reorganization took it, and has records
 * dropped that have ended. Ends when the signal aborts.
 */
export async function keepReports(params: Params): Promise<void> {
  const { hub, index, logger, signal } = params;
  let courses = new Map<string, Course>();
  for await (const _ of everyChange({ hub, ms: LOOK_MS, signal })) {
    const block = index.state.head?.number;
    const cases = block === undefined ? [] : casesOf(params);
    const fresh = (): Course => ({
      sinceBlock: block ?? 0,
      sentAtBlock: undefined,
      failures: 0,
      retryAtMs: 0,
    });
    courses = new Map(cases.map(({ name }) => [name, courses.get(name) ?? fresh()]));
    for (const one of cases) {
      const course = courses.get(one.name);
      if (course === undefined || !isDue({ ...one, course, block: block ?? 0 })) continue;
      try {
        const outcome = await one.call();
        if (outcome.kind === "refused") throw new WeftError(outcome);
        Object.assign(course, { sentAtBlock: block, failures: 0 });
        logger.info({ about: one.node, outcome: outcome.kind }, `told the registry: ${one.name}`);
      } catch (error) {
        if (signal.aborted) return;
        course.failures++;
        course.retryAtMs = steadyMs() + Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(course.failures, 8));
        logger.warn({ err: error, about: one.node }, `the registry was not told: ${one.name}; trying again`);
      }
    }
  }
}

function casesOf(params: Params): Case[] {
  const { chain, operator: relayer, index, proofs, node: own, dropAfterBlocks } = params;
  const nodes = [...index.state.nodes.values()].filter(({ node, isDropped }) => node !== own && !isDropped);
  return nodes.flatMap((one): Case[] => {
    const { node } = one;
    const waitBlocks = TURN_BLOCKS * rankOf({ index, about: node, own });
    const proof = proofs.all.get(node);
    if (one.disabledBlock === undefined && proof !== undefined) {
      const call = () => reportEquivocation({ chain, relayer, ...proof });
      return [{ name: `${node} equivocates`, node, waitBlocks, call }];
    }
    if (!hasEnded(one)) return [];
    const call = () => dropNode({ chain, relayer, node });
    return [{ name: `${node} has ended`, node, waitBlocks: dropAfterBlocks + waitBlocks, call }];
  });
}

function hasEnded({ disabledBlock, leavingBlock, bondWei }: IndexedNode): boolean {
  return disabledBlock !== undefined || (leavingBlock !== undefined && bondWei === "0");
}

/** Counts the active nodes whose turn is before this one's. */
function rankOf(params: { index: ChainIndex; about: NodeId; own: NodeId }): number {
  const { index, about, own } = params;
  const placeOf = (node: NodeId) => toHex(sha256(concatBytes(fromHex(about), fromHex(node))));
  const mine = placeOf(own);
  const others = [...index.state.nodes.values()].filter((one) => isActive(one) && one.node !== about);
  return others.filter(({ node }) => placeOf(node) < mine).length;
}

function isDue(params: Case & { course: Course; block: number }): boolean {
  const { course, block, waitBlocks } = params;
  if (block < course.sinceBlock + waitBlocks || steadyMs() < course.retryAtMs) return false;
  return course.sentAtBlock === undefined || block >= course.sentAtBlock + LOST_AFTER_BLOCKS;
}
