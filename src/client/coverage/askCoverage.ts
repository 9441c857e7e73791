import { steadyMs } from "../../clock/steadyMs.ts";
import { isWeftError, WeftError } from "../../errors.ts";
import { headersByHash, verifyCoverage } from "../../reconciler/messages/verifyCoverage.ts";
import type { CoverageRecord, KnownNode } from "../../reconciler/records/records.ts";
import type { Fact } from "../../reconciler/witness/fact.ts";
import { MAX_BATCHES_PER_CALL } from "../../rpc/limits.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { BatchPlace } from "../../wire/batchPlace.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { Checkpoint } from "../../wire/coverage.ts";
import type { Address, NodeId } from "../../wire/ids.ts";
import { askWitness } from "../asking/askWitness.ts";
import { rankGroupNodes } from "../asking/rankGroupNodes.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { isNodeFault } from "../nodes/askNodes.ts";
import { apiOf, isUp, noteFailure } from "../nodes/nodeLinks.ts";
import { isOneEnough } from "../witness/witnesses.ts";

type Answers = Map<BatchPlace, CoverageRecord>;
/** `at`: how far the node's headers led. */
type Open = { readonly batch: BatchPlace; readonly at: BatchPlace };
type Covered = { readonly batch: BatchPlace; readonly checkpoint: Checkpoint };

/** How many pages one node may take to lead to the checkpoints. */
const MAX_PAGES = 64;
/** How many operators have to say that nothing covers a batch. */
const NEEDED_OPERATORS = 2;

/**
 * Asks the group's nodes what covers these batches. A proof is taken from any node that has it, but the batch's own
 * node is asked last, and another operator has to have the checkpoint, too. That nothing covers a batch takes the word
 * of two operators. Batches that nobody can tell of, or that nobody confirms, are left out. Never throws a node's
 * fault.
 */
export async function askCoverage(params: {
  core: CoreParts<
    "database" | "groups" | "links" | "logger" | "network" | "preferences" | "self" | "witnesses"
  >;
  group: Group;
  batches: readonly BatchPlace[];
  signal: AbortSignal;
}): Promise<Answers> {
  const { core, group } = params;
  const ranked = await rankGroupNodes({ core, group: group.id });
  const answers: Answers = new Map();
  for (const [own, batches] of Map.groupBy(params.batches, ({ log }) => log.node)) {
    const others = ranked.filter(({ node }) => node !== own);
    const nodes = [...others, ...ranked.filter(({ node }) => node === own)];
    for (const [batch, record] of await askInTurn({ ...params, batches, nodes })) answers.set(batch, record);
  }
  return answers;
}

async function askInTurn(params: {
  core: CoreParts<
    "database" | "groups" | "links" | "logger" | "network" | "preferences" | "self" | "witnesses"
  >;
  group: Group;
  batches: readonly BatchPlace[];
  nodes: readonly KnownNode[];
  signal: AbortSignal;
}): Promise<Answers> {
  const { core, batches, nodes, signal } = params;
  const { links, witnesses } = core;
  const needed = isOneEnough(witnesses) ? 1 : NEEDED_OPERATORS;
  const answers: Answers = new Map();
  const words = new Map<BatchPlace, Map<Address, number>>();
  for (const { node, operator } of nodes) {
    const open = batches.filter((batch) => !answers.has(batch));
    const api = isUp(links, node, steadyMs()) ? apiOf(links, node) : undefined;
    if (open.length === 0 || !api) continue;
    try {
      for (const [batch, record] of await askNode({ ...params, node, api, batches: open })) {
        if (record.block === undefined) {
          const said = new Map(words.get(batch)).set(operator, record.asOf);
          words.set(batch, said);
          if (said.size >= needed) answers.set(batch, { asOf: Math.min(...said.values()) });
        } else answers.set(batch, record);
      }
    } catch (error) {
      if (signal.aborted || !isNodeFault(error)) throw error;
      core.logger.warn({ node, err: error }, "a node does not tell what covers a batch");
      if (isWeftError(error, "malformed")) noteFailure(links, node, steadyMs());
    }
  }
  return answers;
}

/** Asks one node, page by page, what covers these batches. Throws `malformed` for a claim that it does not prove. */
async function askNode(params: {
  core: CoreParts<"database" | "groups" | "links" | "network" | "preferences" | "self" | "witnesses">;
  group: Group;
  node: NodeId;
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
    const { head } = found;
    if (head === undefined) throw new WeftError({ code: "not-ready", message: "the node has no chain yet" });
    const headers = headersByHash(found.headers);
    const again: Open[] = [];
    const covered: Covered[] = [];
    for (const [i, one] of asked.entries()) {
      const coverage = found.batches[i] ?? ({ kind: "unserved", reason: "absent" } as const);
      const proven = verifyCoverage({ network: core.network, batch: one.at, coverage, headers });
      if (proven.kind === "false") {
        throw new WeftError({ code: "malformed", message: "a node claims coverage that it does not prove" });
      }
      if (proven.kind === "covered" && coverage.kind === "covered") {
        covered.push({ batch: one.batch, checkpoint: coverage.checkpoint });
      }
      if (proven.kind === "uncovered") answers.set(one.batch, { asOf: head.number });
      if (proven.kind === "linked") again.push({ ...one, at: proven.to });
      if (proven.kind === "unserved" && proven.reason === "later") again.push(one);
    }
    for (const [batch, record] of await confirmed({ ...params, covered, head })) answers.set(batch, record);
    open = [...again, ...open.slice(asked.length)];
  }
  return answers;
}

/**
 * Gives those batches whose checkpoints another operator has, too: how the log leads there is proven, that the chain
 * has the checkpoint is not.
 */
async function confirmed(params: {
  core: CoreParts<"database" | "groups" | "links" | "network" | "preferences" | "self" | "witnesses">;
  group: Group;
  node: NodeId;
  covered: readonly Covered[];
  head: BlockRef;
  signal: AbortSignal;
}): Promise<Answers> {
  const { group, node: serving, head } = params;
  // The node may have learned of later blocks while it looked; those wait for the next question.
  const covered = params.covered.filter(({ checkpoint }) => checkpoint.block <= head.number);
  if (covered.length === 0) return new Map();
  const facts = covered.map(({ batch, checkpoint }): Fact => {
    const { sequence, block, headerHash } = checkpoint;
    return { kind: "checkpoint", place: { log: batch.log, sequence, block }, headerHash };
  });
  const { kind } = await askWitness({ ...params, group: group.id, serving, claim: { head, facts } });
  if (kind !== "agreed") return new Map();
  return new Map(covered.map(({ batch, checkpoint: { block } }) => [batch, { block, asOf: head.number }]));
}
