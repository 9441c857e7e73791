import { steadyMs } from "../../clock/steadyMs.ts";
import { WeftError } from "../../errors.ts";
import { createKeyPackageRecord } from "../../identity/createKeyPackageRecord.ts";
import { needsRotation } from "../../identity/keyPackageAge.ts";
import { verifyReceipts } from "../../reconciler/messages/verifyReceipts.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import { catchFault } from "../../wire/catchFault.ts";
import { envelopeHash } from "../../wire/envelope.ts";
import type { NodeId } from "../../wire/ids.ts";
import { decodeKeyPackageRecord } from "../../wire/keyPackageRecord.ts";
import { keyPackageTopic } from "../../wire/topic.ts";
import { askWord } from "../asking/askWord.ts";
import { rankOwnNodes, spreadOverOperators } from "../asking/rankGroupNodes.ts";
import { type KeptKeyPackage, tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";
import { leastMs, networkMs } from "../nodes/chainTime.ts";
import { apiOf, isUp } from "../nodes/nodeLinks.ts";
import { forgetKeyPackages } from "./forgetKeyPackages.ts";

type Params = {
  core: CoreParts<"database" | "keyPackages" | "links" | "logger" | "network" | "self">;
  signal: AbortSignal;
};

/** How many nodes have the key package: if one loses it, or its operator does, others can still add its owner. */
const COPIES = 2;

/**
 * Makes the next key package if the newest was used or grows old, forgets those that no Welcome can name any more, and
 * brings the newest to two nodes. True if it is where it should be.
 */
export async function keepKeyPackage(params: Params): Promise<boolean> {
  const { core } = params;
  const newest = newestOf(core);
  const leastNowMs = leastMs(core.links);
  if (!newest || needsRotation({ own: newest.own, used: newest.used, nowMs: leastNowMs })) await rotate(core);
  await forgetKeyPackages({ core, nowMs: leastNowMs });
  return await publish(params);
}

function newestOf(core: CoreParts<"keyPackages">): KeptKeyPackage | undefined {
  const generation = Math.max(0, ...core.keyPackages.keys());
  return core.keyPackages.get(generation);
}

async function rotate(
  core: CoreParts<"database" | "keyPackages" | "links" | "network" | "self">,
): Promise<void> {
  const nowMs = networkMs(core.links);
  const { network, self } = core;
  const before = newestOf(core);
  const generation = (before?.own.generation ?? 0) + 1;
  const made = createKeyPackageRecord({ network, ...self, generation, nowMs });
  const kept: KeptKeyPackage = { ...made, publishedTo: [], used: false, supersededAtMs: undefined };
  await store(core, [kept, ...(before ? [{ ...before, supersededAtMs: nowMs }] : [])]);
}

async function publish(params: Params): Promise<boolean> {
  const { core } = params;
  const nodes = spreadOverOperators(rankOwnNodes(core, keyPackageTopic(core.self.installation.key)));
  const wanted = Math.min(COPIES, nodes.length);
  for (const { node } of nodes) {
    const newest = newestOf(core);
    if (!newest || newest.publishedTo.length >= wanted) return newest !== undefined && wanted > 0;
    const api = isUp(core.links, node, steadyMs()) ? apiOf(core.links, node) : undefined;
    if (!api || newest.publishedTo.includes(node)) continue;
    const isThere = await bring({ ...params, newest, node, api }).catch((error: unknown) => {
      core.logger.warn({ node, err: error }, "a node did not take the key package");
      return false;
    });
    if (isThere) await store(core, [{ ...newest, publishedTo: [...newest.publishedTo, node] }]);
  }
  return (newestOf(core)?.publishedTo.length ?? 0) >= wanted && wanted > 0;
}

/**
 * Brings the key package to a node. True if the node has signed for it, or shows a later one: its word alone does not
 * count.
 */
async function bring(
  params: Params & { newest: KeptKeyPackage; node: NodeId; api: NodeApi },
): Promise<boolean> {
  const { core, newest, node, api, signal } = params;
  const { envelope } = newest;
  const [outcome] = await api.publish({ envelopes: [envelope] }, { signal });
  if (outcome?.kind === "acknowledged") {
    const hash = envelopeHash(envelope);
    const by = { network: core.network, nodes: core.links.nodes };
    const receipts = verifyReceipts({ ...by, envelope, hash, receipts: [outcome.receipt] });
    if (receipts.some(({ log }) => log.node === node)) return true;
    // The envelope came to this node by way of another one, whose receipt it shows.
    const [isThere] = await askWord({ core, api, node, hashes: [hash], signal });
    return isThere === true;
  }
  core.logger.warn({ node, code: outcome?.code }, "a node refused the key package");
  return outcome?.code === "replayed" && (await showsLater(params));
}

async function showsLater(params: Params & { newest: KeptKeyPackage; api: NodeApi }): Promise<boolean> {
  const { core, newest, api, signal } = params;
  const { key: installation } = core.self.installation;
  const [envelope] = await api.getKeyPackages({ installations: [installation] }, { signal });
  const record = envelope && catchFault(() => decodeKeyPackageRecord(envelope));
  if (!record || record instanceof WeftError || record.installation !== installation) return false;
  return record.generation >= newest.own.generation;
}

async function store(
  core: CoreParts<"database" | "keyPackages">,
  kept: readonly KeptKeyPackage[],
): Promise<void> {
  const writes = kept.map((one) => tables.keyPackage.put({ generation: one.own.generation }, one));
  await writeAtomic({ database: core.database, writes, sync: true });
  for (const one of kept) core.keyPackages.set(one.own.generation, one);
}
