import { wallMs } from "../clock/wallMs.ts";
import { askNodes } from "../devnet/askNodes.ts";
import type { DevnetNode } from "../devnet/devnetNode.ts";
import { holdingsOf, missingIn, unionOf } from "../devnet/nodeHoldings.ts";
import { catchUp, type GroupId, listGroups, syncStatus } from "../index.ts";
import { actorsOf } from "./actors.ts";
import { compareInstallations } from "./compareInstallations.ts";
import { nodesInReach } from "./nodesInReach.ts";
import { readIntents } from "./readIntents.ts";
import type { Actor, IntentRecord, Stage } from "./stage.ts";
import { readStanding, readView } from "./view.ts";
import { waitsForChain } from "./waitsForChain.ts";

/** How long a client may take to say that it has processed what its node has. */
const CATCH_UP_TIMEOUT_MS = 3_000;

/** Messages that disappear later are not waited for. */
const SOON_MS = 60_000;

/** What is still to be done, in words, and a text that changes whenever anything does. */
export type Unsettled = { readonly lacks: readonly string[]; readonly fingerprint: string };

/** Looks at nodes, clients and open intents once. */
export async function findUnsettled(params: { stage: Stage }): Promise<Unsettled> {
  const { stage } = params;
  await readIntents({ stage });
  const online = (await actorsOf(stage)).filter((actor) => actor.online);
  const [behind, nodes] = await Promise.all([findBehind({ stage, online }), compareNodes({ stage })]);
  const clients = await readClients({ stage, online });
  const members = await Promise.all(
    [...stage.groups].map(([name, group]) => compareMembers({ stage, name, group, online })),
  );
  const expiring = await Promise.all(online.map((actor) => findExpiring({ stage, actor })));
  const due = await Promise.all(stage.intents.map((record) => isDue({ stage, record, online })));
  const open = stage.intents.filter((_, i) => due[i]).map(describeOpen);
  return {
    lacks: [...behind, ...nodes.lacks, ...clients.lacks, ...members.flat(), ...expiring.flat(), ...open],
    fingerprint: `${nodes.fingerprint} ${clients.fingerprint}`,
  };
}

/** Messages that an online client still shows, and that are soon to disappear. */
async function findExpiring(params: { stage: Stage; actor: Actor }): Promise<string[]> {
  const { stage, actor } = params;
  const views = await Promise.all([...stage.groups.values()].map((group) => readView({ actor, group })));
  const untilMs = wallMs() + SOON_MS;
  const soon = views
    .flatMap((view) => view?.items ?? [])
    .filter((item) => item.kind === "message" && (item.expiresAtMs ?? untilMs) < untilMs);
  return soon.length > 0 ? [`${actor.name} has ${soon.length} messages that have not disappeared yet`] : [];
}

/** Every online client's count of changes, and those with Welcomes that are not opened or verdicts that are open. */
async function readClients(params: { stage: Stage; online: readonly Actor[] }): Promise<Unsettled> {
  const mayWait = holdsWelcomes(params.stage);
  const statuses = await Promise.all(
    params.online.map(async ({ name, client }) => ({ name, ...(await syncStatus({ client })) })),
  );
  const mayPend = holdsVerdicts(params.stage);
  return {
    lacks: statuses.flatMap(({ name, openWelcomes, pendingVerdicts }) => [
      ...(openWelcomes > 0 && !mayWait ? [`${name} has ${openWelcomes} Welcomes that are not opened`] : []),
      ...(pendingVerdicts > 0 && !mayPend
        ? [`${name} does not know yet whether ${pendingVerdicts} messages count`]
        : []),
    ]),
    fingerprint: statuses.map(({ name, changes }) => `${name}=${changes}`).join(),
  };
}

/** Online members that have not read the chain up to this block, though they reach a node that could show it. */
export async function findBehindChain(params: { stage: Stage; block: number }): Promise<string[]> {
  const { stage, block } = params;
  const online = (await actorsOf(stage)).filter((actor) => actor.online);
  const names = new Map([...stage.groups].map(([name, id]) => [id, name]));
  const lacks = await Promise.all(
    online.map(async (actor) => {
      const { groups } = await syncStatus({ client: actor.client });
      const behind = groups.filter((group) => group.membership === "member" && group.block < block);
      const reach = await Promise.all(
        behind.map(({ group }) => nodesInReach({ stage, actor, group: names.get(group) ?? "" })),
      );
      return behind
        .filter((_, i) => reach[i]?.length !== 0)
        .map((group) => `${actor.name} has read the chain up to block ${group.block} of ${block}`);
    }),
  );
  return lacks.flat();
}

/** Online clients that have not processed what their nodes have, the chain's newest block included. */
async function findBehind(params: { stage: Stage; online: readonly Actor[] }): Promise<string[]> {
  const { stage, online } = params;
  if (!stage.devnet.nodes.some((node) => node.isRunning())) return [];
  const behind = await Promise.all(
    online.map(async (actor) => {
      const { name, client } = actor;
      if (!(await hasNodes({ stage, actor }))) return [];
      const done = await catchUp({ client, timeoutMs: CATCH_UP_TIMEOUT_MS, signal: stage.signal });
      return done ? [] : [`${name} has not processed what its node has`];
    }),
  );
  return behind.flat();
}

/** True if each of its conversations reaches a node. */
async function hasNodes(params: { stage: Stage; actor: Actor }): Promise<boolean> {
  const { stage, actor } = params;
  const groups = listGroups({ client: actor.client });
  const named = [...stage.groups].filter(([, id]) => groups.some(({ group }) => group === id));
  const nodes = await Promise.all(named.map(([group]) => nodesInReach({ stage, actor, group })));
  return nodes.every((running) => running.length > 0);
}

/** Nodes that reach each other hold the same. */
async function compareNodes(params: { stage: Stage }): Promise<Unsettled> {
  const { devnet, signal } = params.stage;
  const sides = await Promise.all(devnet.links.sides().map((nodes) => compareSide({ nodes, signal })));
  return {
    lacks: sides.flatMap(({ lacks }) => lacks),
    fingerprint: sides.map(({ fingerprint }) => fingerprint).join(" | "),
  };
}

async function compareSide(params: {
  nodes: readonly DevnetNode[];
  signal: AbortSignal;
}): Promise<Unsettled> {
  const { nodes, signal } = params;
  const reports = await askNodes({ devnet: { nodes }, signal });
  const wanted = unionOf(reports.flatMap(({ status }) => (status === undefined ? [] : holdingsOf(status))));
  const lacks = reports.flatMap(({ node, status }) => {
    if (status === undefined) return [`node ${node.number} does not answer`];
    if (!status.ready) return [`node ${node.number} is not ready (${status.notReadyReason})`];
    const missing = missingIn({ status, wanted });
    return missing > 0n ? [`node ${node.number} lacks ${missing} envelopes of the other nodes`] : [];
  });
  return {
    lacks,
    fingerprint: [...wanted]
      .map(([log, next]) => `${log}=${next}`)
      .sort()
      .join(),
  };
}

/** Members stand at one head, who was added has joined, who was removed knows it. */
async function compareMembers(params: {
  stage: Stage;
  name: string;
  group: GroupId;
  online: readonly Actor[];
}): Promise<string[]> {
  const { name, group, online } = params;
  const standings = await Promise.all(online.map((actor) => readStanding({ actor, group })));
  const members = standings.filter((standing) => standing !== undefined).filter(({ isMember }) => isMember);
  const [newest] = members.toSorted((a, b) => b.state.epoch - a.state.epoch);
  if (newest === undefined) return [];
  const { leaving } = newest.state;
  const isLetGo = members.some(({ actor }) => !leaving.includes(actor.client.inbox));
  const mayWait = holdsWelcomes(params.stage);
  const actors = await actorsOf(params.stage);
  const devices = mayWait ? [] : await compareInstallations({ name, actors, members, newest });
  const people = online.flatMap(({ name: who, client }) => {
    if (leaving.includes(client.inbox) && isLetGo && !params.stage.faults.chainPaused) {
      return [`${who} has left ${name} and is still in it`];
    }
    const member = members.find(({ actor }) => actor.name === who);
    const inGroup = newest.state.installations.includes(client.installation);
    if (inGroup && member === undefined) {
      return mayWait ? [] : [`${who} has not joined ${name}`];
    }
    if (!inGroup && member !== undefined) return [`${who} does not know yet that it is out of ${name}`];
    if (member === undefined || member.state.head === newest.state.head) return [];
    return [`${who} is in epoch ${member.state.epoch} of ${name}, others are in ${newest.state.epoch}`];
  });
  return [...devices, ...people];
}

/** In a partition a Welcome may be on the other side; the entry that it names may wait for a chain that stands still. */
function holdsWelcomes({ devnet, faults }: Stage): boolean {
  return devnet.links.sides().length > 1 || faults.chainPaused;
}

/** Checkpoints need a chain that goes on, their proof the nodes that have the batches. */
function holdsVerdicts(stage: Stage): boolean {
  return holdsWelcomes(stage) || stage.devnet.nodes.some((node) => !node.isRunning());
}

/** True for an open intent of an online client that waits for no fault that is still in force. */
async function isDue(params: {
  stage: Stage;
  record: IntentRecord;
  online: readonly Actor[];
}): Promise<boolean> {
  const { stage, record, online } = params;
  const actor = online.find(({ name }) => name === record.by);
  if (record.outcome !== undefined || actor === undefined) return false;
  const waiting = { stage, actor, group: record.group };
  if (stage.faults.chainPaused && (record.ordered || (await waitsForChain(waiting)))) return false;
  // What it sealed is delivered when a second node has it.
  const running = (await nodesInReach(waiting)).length;
  return running >= (record.acknowledged ? Math.min(2, stage.devnet.nodes.length) : 1);
}

function describeOpen(record: IntentRecord): string {
  return `${record.by}'s ${record.do} of line ${record.line} is still open`;
}
