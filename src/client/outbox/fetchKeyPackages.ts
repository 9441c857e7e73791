import { steadyMs } from "../../clock/steadyMs.ts";
import { chooseKeyPackage } from "../../identity/chooseKeyPackage.ts";
import { activeInstallations } from "../../identity/inbox.ts";
import type { Registry } from "../../reconciler/entries/judgeEntry.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import { MAX_KEYS_PER_CALL } from "../../rpc/limits.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { Envelope } from "../../wire/envelope.ts";
import type { GroupId, InboxId, InstallationKey, NodeId } from "../../wire/ids.ts";
import type { KeyPackageRecord } from "../../wire/keyPackageRecord.ts";
import { keyPackageTopic } from "../../wire/topic.ts";
import { lookUpNodes } from "../asking/lookUpNodes.ts";
import { servingTopic } from "../asking/nodesOfTopic.ts";
import { spreadOverOperators } from "../asking/rankGroupNodes.ts";
import type { CoreParts } from "../group/core.ts";
import { isNodeFault } from "../nodes/askNodes.ts";
import { leastMs } from "../nodes/chainTime.ts";
import { apiOf, isUp } from "../nodes/nodeLinks.ts";

/**
 * How many nodes are asked for each key package, of two operators if there are, so that a node which withholds the
 * newest does not decide; more are asked while none is found.
 */
const NODES_ASKED = 2;

export type FetchedKeyPackages = {
  readonly keyPackages: ReadonlyMap<InboxId, readonly KeyPackageRecord[]>;
  /** Nodes that were asked. */
  readonly nodes: readonly NodeId[];
};

/**
 * Fetches the newest usable key package of every active installation of these inboxes that has one. The node that
 * relays the group's commits is asked only if no other answers, or by `anywhere`. Throws a node's fault if no node
 * answers for some installation.
 */
export async function fetchKeyPackages(params: {
  core: CoreParts<"database" | "groups" | "links" | "logger" | "network" | "preferences" | "self">;
  /** The group into which they are to be taken. */
  group: GroupId;
  inboxes: readonly InboxId[];
  registry: Registry;
  /** The registry counts as of the end of this block. */
  block: number;
  /** True if other nodes have lacked some for long: the relaying node is asked for those as well. */
  anywhere?: boolean;
  signal: AbortSignal;
}): Promise<FetchedKeyPackages> {
  const { core, inboxes, registry, block } = params;
  const wanted = inboxes.flatMap((id) => {
    const inbox = registry(id);
    if (!inbox) return [];
    return activeInstallations({ inbox, block }).map((installation) => ({ inbox, installation }));
  });
  const { served, nodes } = await askForAll({
    ...params,
    installations: wanted.map((one) => one.installation),
  });
  const found = new Map<InboxId, KeyPackageRecord[]>(inboxes.map((inbox) => [inbox, []]));
  for (const { inbox, installation } of wanted) {
    const envelopes = served.get(installation) ?? [];
    const { record, refused } = chooseKeyPackage({
      ...{ installation, inbox, envelopes, block, network: core.network, nowMs: leastMs(core.links) },
    });
    if (refused.length > 0) core.logger.warn({ installation, refused }, "served key packages are not usable");
    if (record) found.get(inbox.inbox)?.push(record);
  }
  return { keyPackages: found, nodes };
}

async function askForAll(params: {
  core: CoreParts<"database" | "groups" | "links" | "network" | "preferences" | "self">;
  group: GroupId;
  installations: readonly InstallationKey[];
  anywhere?: boolean;
  signal: AbortSignal;
}): Promise<{ served: Map<InstallationKey, Envelope[]>; nodes: NodeId[] }> {
  const { core, installations, anywhere = false, signal } = params;
  const { network, links } = core;
  const served = new Map<InstallationKey, Envelope[]>(installations.map((key) => [key, []]));
  const nodes: NodeId[] = [];
  if (installations.length === 0) return { served, nodes };
  const answers = new Map<InstallationKey, number>(installations.map((key) => [key, 0]));
  const topics = new Map(installations.map((key) => [key, keyPackageTopic(key)]));
  let fault: unknown;
  const { ranked, relaying } = await lookUpNodes(params);
  /** Lists the installations that a node is to be asked about. */
  const askedOf = (one: KnownNode): InstallationKey[] =>
    installations.filter((key) => {
      const count = answers.get(key) ?? 0;
      const isFound = (served.get(key) ?? []).length > 0;
      const isApart = one.node !== relaying || count === 0 || (anywhere && !isFound);
      const topic = topics.get(key) ?? new Uint8Array();
      const isServing = servingTopic({ network, nodes: [one], topic }).length > 0;
      return isServing && isApart && (count < NODES_ASKED || !isFound);
    });
  for (const one of inTurn(ranked, relaying)) {
    const { node } = one;
    const api = isUp(links, node, steadyMs()) ? apiOf(links, node) : undefined;
    const asked = api ? askedOf(one) : [];
    if (!api || asked.length === 0) continue;
    nodes.push(node);
    try {
      await askNode({ api, installations: asked, signal, served });
      for (const key of asked) answers.set(key, 1 + (answers.get(key) ?? 0));
    } catch (error) {
      if (signal.aborted || !isNodeFault(error)) throw error;
      fault = error;
    }
  }
  if (fault !== undefined && [...answers.values()].includes(0)) throw fault;
  return { served, nodes };
}

/**
 * Puts one node of each operator first; the relaying node's operator comes last, as it does in the order of looking up.
 */
function inTurn(ranked: readonly KnownNode[], relaying: NodeId | undefined): readonly KnownNode[] {
  const operator = ranked.find(({ node }) => node === relaying)?.operator;
  const others = ranked.filter((one) => one.operator !== operator);
  return [...spreadOverOperators(others), ...ranked.filter((one) => one.operator === operator)];
}

async function askNode(params: {
  api: NodeApi;
  installations: readonly InstallationKey[];
  signal: AbortSignal;
  served: Map<InstallationKey, Envelope[]>;
}): Promise<void> {
  const { api, installations, signal, served } = params;
  for (let i = 0; i < installations.length; i += MAX_KEYS_PER_CALL) {
    const keys = installations.slice(i, i + MAX_KEYS_PER_CALL);
    const envelopes = await api.getKeyPackages({ installations: keys }, { signal });
    for (const [j, key] of keys.entries()) {
      const envelope = envelopes[j];
      if (envelope) served.get(key)?.push(envelope);
    }
  }
}
