import { isWeftError, WeftError } from "../../errors.ts";
import { MAX_BATCHES_PER_CALL } from "../../rpc/limits.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { BatchPlace } from "../../wire/batchPlace.ts";
import type { NodeId } from "../../wire/ids.ts";
import type { ClientCore } from "../core.ts";
import type { Group } from "../groups/group.ts";
import { isNodeFault } from "../links/askNodes.ts";
import { apiOf, isUp, noteFailure } from "../links/nodeLinks.ts";
import { rankGroupNodes } from "../links/rankGroupNodes.ts";
import type { CoverageRecord } from "../tables.ts";
import { headersByHash, verifyCoverage } from "./verifyCoverage.ts";

type Answers = Map<BatchPlace, CoverageRecord>;
/** `at`: how far the node's headers led. */
type Open = { readonly batch: BatchPlace; readonly at: BatchPlace };

/** Pages that one node may take to lead to the checkpoints. */
const MAX_PAGES = 64;
/** How many nodes have to say that nothing covers a batch, if so many answer. */
const NEEDED_WORDS = 2;

/**
 * What covers these batches, by way of the group's nodes: a proof is taken from whoever has it, but the batch's own
 * node is asked last, and that nothing covers it takes the word of a second node. Batches that nobody can tell of are
 * left out. Never throws a node's fault.
 */
export async function askCoverage(params: {
  core: ClientCore;
  group: Group;
  batches: readonly BatchPlace[];
  signal: AbortSignal;
}): Promise<Answers> {
  const { core, group } = params;
  const ranked = (await rankGroupNodes({ core, group: group.id })).map(({ node }) => node);
  const answers: Answers = new Map();
  for (const [own, batches] of Map.groupBy(params.batches, ({ log }) => log.node)) {
    const others = ranked.filter((node) => node !== own);
    const nodes = [...others, ...ranked.filter((node) => node === own)];
    for (const [batch, record] of await askInTurn({ ...params, batches, nodes })) answers.set(batch, record);
  }
  return answers;
}

async function askInTurn(params: {
  core: ClientCore;
  batches: readonly BatchPlace[];
  nodes: readonly NodeId[];
  signal: AbortSignal;
}): Promise<Answers> {
  const { core, batches, nodes, signal } = params;
  const { links } = core;
  const answers: Answers = new Map();
  const words = new Map<BatchPlace, number[]>();
  for (const node of nodes) {
    const open = batches.filter((batch) => !answers.has(batch));
    const api = isUp(links, node, Date.now()) ? apiOf(links, node) : undefined;
    if (open.length === 0 || !api) continue;
    try {
      for (const [batch, record] of await askNode({ core, api, batches: open, signal })) {
        const said = [...(words.get(batch) ?? []), record.asOf];
        if (record.block === undefined) words.set(batch, said);
        if (record.block !== undefined || said.length === NEEDED_WORDS) answers.set(batch, record);
      }
    } catch (error) {
      if (signal.aborted || !isNodeFault(error)) throw error;
      core.logger.warn({ node, err: error }, "a node does not tell what covers a batch");
      if (isWeftError(error, "malformed")) noteFailure(links, node, Date.now());
    }
  }
  for (const [batch, said] of words) {
    if (answers.get(batch)?.block === undefined) answers.set(batch, { asOf: Math.min(...said) });
  }
  return answers;
}

/** What one node says and proves, page by page. Throws `malformed` for a claim that it does not prove. */
async function askNode(params: {
  core: ClientCore;
  api: Pick<NodeApi, "getCoverage">;
  batches: readonly BatchPlace[];
  signal: AbortSignal;
}): Promise<Answers> {
  const { core, api, batches, signal } = params;
  const answers: Answers = new Map();
  let open: readonly Open[] = batches.map((batch) => ({ batch, at: batch }));
  for (let page = 0; page < MAX_PAGES && open.length > 0; page++) {
    const asked = open.slice(0, MAX_BATCHES_PER_CALL);
    const found = await api.getCoverage({ batches: asked.map(({ at }) => at) }, { signal });
    const asOf = found.head?.number;
    if (asOf === undefined) throw new WeftError({ code: "not-ready", message: "the node has no chain yet" });
    const headers = headersByHash(found.headers);
    const again: Open[] = [];
    for (const [i, one] of asked.entries()) {
      const coverage = found.batches[i] ?? ({ kind: "unserved", reason: "absent" } as const);
      const proven = verifyCoverage({ network: core.network, batch: one.at, coverage, headers });
      if (proven.kind === "false") {
        throw new WeftError({ code: "malformed", message: "a node claims coverage that it does not prove" });
      }
      if (proven.kind === "covered") answers.set(one.batch, { block: proven.block, asOf });
      if (proven.kind === "uncovered") answers.set(one.batch, { asOf });
      if (proven.kind === "linked") again.push({ ...one, at: proven.to });
      if (proven.kind === "unserved" && proven.reason === "later") again.push(one);
    }
    open = [...again, ...open.slice(asked.length)];
  }
  return answers;
}
