import { createKeyPackageRecord } from "../../identity/createKeyPackageRecord.ts";
import { needsRotation } from "../../identity/keyPackageAge.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import type { ClientCore } from "../core.ts";
import { apiOf, isUp } from "../links/nodeLinks.ts";
import { rankOwnNodes } from "../links/rankGroupNodes.ts";
import { type KeptKeyPackage, tables } from "../tables.ts";
import { forgetKeyPackages } from "./forgetKeyPackages.ts";

/** One node that loses it does not make its owner unreachable. */
const COPIES = 2;

/**
 * Makes the next key package where the newest was used or grows old, forgets those that no Welcome can name any more,
 * and brings the newest to two nodes. True if it is where it should be.
 */
export async function keepKeyPackage(params: { core: ClientCore; signal: AbortSignal }): Promise<boolean> {
  const { core } = params;
  const nowMs = Date.now();
  const newest = newestOf(core);
  if (!newest || needsRotation({ own: newest.own, used: newest.used, nowMs })) await rotate(core, nowMs);
  await forgetKeyPackages({ core, nowMs });
  return await publish(params);
}

function newestOf(core: ClientCore): KeptKeyPackage | undefined {
  const generation = Math.max(0, ...core.keyPackages.keys());
  return core.keyPackages.get(generation);
}

async function rotate(core: ClientCore, nowMs: number): Promise<void> {
  const { network, self } = core;
  const before = newestOf(core);
  const generation = (before?.own.generation ?? 0) + 1;
  const made = createKeyPackageRecord({ network, ...self, generation, nowMs });
  const kept: KeptKeyPackage = { ...made, publishedTo: [], used: false, supersededAtMs: undefined };
  await store(core, [kept, ...(before ? [{ ...before, supersededAtMs: nowMs }] : [])]);
}

async function publish(params: { core: ClientCore; signal: AbortSignal }): Promise<boolean> {
  const { core, signal } = params;
  const nodes = rankOwnNodes(core);
  const wanted = Math.min(COPIES, nodes.length);
  for (const { node } of nodes) {
    const newest = newestOf(core);
    if (!newest || newest.publishedTo.length >= wanted) return newest !== undefined && wanted > 0;
    const api = isUp(core.links, node, Date.now()) ? apiOf(core.links, node) : undefined;
    if (!api || newest.publishedTo.includes(node)) continue;
    const outcomes = await api
      .publish({ envelopes: [newest.envelope] }, { signal })
      .catch((error: unknown) => {
        core.logger.warn({ node, err: error }, "a node did not take the key package");
        return [];
      });
    const [outcome] = outcomes;
    if (outcome?.kind === "acknowledged" || outcome?.code === "replayed") {
      await store(core, [{ ...newest, publishedTo: [...newest.publishedTo, node] }]);
    } else if (outcome) {
      core.logger.warn({ node, code: outcome.code }, "a node refused the key package");
    }
  }
  return (newestOf(core)?.publishedTo.length ?? 0) >= wanted && wanted > 0;
}

async function store(core: ClientCore, kept: readonly KeptKeyPackage[]): Promise<void> {
  const writes = kept.map((one) => tables.keyPackage.put({ generation: one.own.generation }, one));
  await writeAtomic({ database: core.database, writes, sync: true });
  for (const one of kept) core.keyPackages.set(one.own.generation, one);
}
