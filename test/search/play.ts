import { coreOf } from "../../src/client/client.ts";
import {
  addMembers,
  type Client,
  deleteMessage,
  editMessage,
  type IntentHandle,
  leaveGroup,
  listGroups,
  listInstallations,
  preferNode,
  type Role,
  reactToMessage,
  removeMembers,
  renameGroup,
  revokeInstallation,
  rotateKeys,
  sendMessage,
  setOnline,
  setRole,
} from "../../src/index.ts";
import type { Invitee } from "../../src/reconciler/records/intent.ts";
import type { GroupId, InboxId, MessageId } from "../../src/wire/ids.ts";
import { askToReturn } from "./askToReturn.ts";
import type { Step } from "./history.ts";
import { type HostilePost, postFromOldEpoch, writeJunk } from "./hostile.ts";
import { lieTopics } from "./lies/lie.ts";
import { eclipse, endLies, playLie } from "./lies/playLie.ts";
import { reorganize, walletOf } from "./memoryChain.ts";
import type { Seat } from "./seat.ts";
import { runInBackground, tellNodes, type World } from "./world.ts";

/** What was asked for, for those who judge the outcome. */
export type Played = {
  /** Sends by message id. */
  readonly sends: Map<MessageId, { readonly seat: string; readonly intent: IntentHandle["id"] }>;
  /** What was asked for, and whether whoever asked has been told the end. */
  readonly asked: { readonly client: Client; readonly id: IntentHandle["id"]; hasEnded: boolean }[];
  /** Who was in the group when all began, by seat. */
  readonly members: ReadonlySet<string>;
  /** Inboxes that somebody wanted out, themselves among them. */
  readonly unwanted: Set<InboxId>;
  /** What removed members have posted from an epoch that was over. */
  readonly hostile: HostilePost[];
};

/** The witness reads along and asks for nothing, so that what it saw can be shown to a copy of it in other orders. */
export const WITNESS = "carol";

type Said = Awaited<ReturnType<typeof sendMessage>>;

const roles: readonly Role[] = ["super-admin", "admin", "member"];
const STEP_MS = 1_000;
const FAULT_MS = 6_000;
const MAX_REORG = 4;
/** 100 days ahead, two hours behind, as it should be, an hour ahead. */
const WALL_LEADS_MS = [100 * 24 * 3_600_000, -2 * 3_600_000, 0, 3_600_000];
/** Of the transactions of vanished blocks, those that miners still have. */
const KEPT = 0.6;
const WRITES_BEFORE_A_FAULT = 12;

/** Does one step of a history; whatever it asks for goes on afterwards. */
export async function playStep(params: {
  world: World;
  group: GroupId;
  step: Step;
  played: Played;
}): Promise<void> {
  const { world, group, step, played } = params;
  const actors = [...world.seats.values()].filter(({ name, client }) => name !== WITNESS && client);
  const able = step.kind.startsWith("old-member") ? actors.filter((one) => isRemoved(one, group)) : actors;
  const seat = able[step.who % able.length];
  const client = seat?.client;
  if (seat && client) {
    const task = (): Promise<void> => act({ world, group, step, played, seat, client });
    runInBackground(world, () => task().catch((error: unknown) => forgive(world, seat, error)));
  }
  breakSomething({ world, step });
  const about = lieTopics.find((topic) => step.kind === `lie-${topic}`);
  if (about) runInBackground(world, () => playLie({ world, group, step, about }));
  if (step.kind === "truth") runInBackground(world, () => endLies(world));
  if (step.kind === "eclipse") eclipse({ world });
  await world.time.run(step.pauseMs);
}

/** A client that dies or whose disk refuses takes its call with it. */
function forgive(world: World, seat: Seat, error: unknown): void {
  const isFaulty = error instanceof Error && /closed|died|disk refused|a write to/.test(String(error));
  if (!isFaulty && !seat.hasFailed) world.failures.push(error);
}

type Act = { world: World; group: GroupId; step: Step; played: Played; seat: Seat; client: Client };

async function act(params: Act): Promise<void> {
  const { group, played, seat, client } = params;
  const handle = await askFor(params);
  if (handle) keep(played, client, handle);
  else await disturb(params);
  if (handle && "messageId" in handle && isSaid(params.step) && isKnown(client, group)) {
    played.sends.set(handle.messageId, { seat: seat.name, intent: handle.id });
  }
}

/** True for what stands in the timeline itself. */
function isSaid({ kind }: Step): boolean {
  return kind === "send" || kind === "reply";
}

/** What an app asks its client for. */
async function askFor(params: Act): Promise<IntentHandle | Said | undefined> {
  const { world, group, step, played, seat, client } = params;
  const to = { client, group };
  const known = [...world.seats.keys()].flatMap((name) => world.inboxes.get(name) ?? []);
  const inboxes = [...new Set(known)];
  const whom = inboxes[step.whom % inboxes.length] ?? client.inbox;
  const messages = [...played.sends.keys()];
  const message = messages[step.whom % Math.max(1, messages.length)];
  switch (step.kind) {
    case "send":
      return await sendMessage({ ...to, text: `${seat.name} ${played.sends.size}` });
    case "reply":
      return await sendMessage({
        ...to,
        text: `${seat.name} answers`,
        ...(message ? { replyTo: message } : {}),
      });
    case "edit":
      return message && (await editMessage({ ...to, message, text: `${seat.name} edits ${step.who}` }));
    case "react":
      return (
        message &&
        (await reactToMessage({
          ...to,
          message,
          text: "+-"[step.who % 2] ?? "+",
          takeBack: step.who % 3 === 0,
        }))
      );
    case "delete-own":
    case "delete-other":
      return message && (await deleteMessage({ ...to, message }));
    case "rename":
      return await renameGroup({ ...to, name: `name ${step.whom}` });
    case "rotate":
      return await rotateKeys(to);
    case "add":
      return await addMembers({ ...to, members: [invitee({ world, step, inbox: whom })] });
    case "remove":
      played.unwanted.add(whom);
      return await removeMembers({ ...to, members: [whom] });
    case "role":
      return await setRole({ ...to, member: whom, role: roles[step.whom % 3] ?? "member" });
    case "leave":
      played.unwanted.add(client.inbox);
      return await leaveGroup(to);
    case "revoke":
      played.unwanted.add(client.inbox);
      return await revokeAnother(client, step);
    default:
      return undefined;
  }
}

/** Where nodes may lie, half of them are named by their wallet. */
function invitee({ world, step, inbox }: { world: World; step: Step; inbox: InboxId }): Invitee {
  const isNamed = world.deceit !== undefined && step.who % 2 === 1;
  return (isNamed && walletOf(world.chain, inbox)) || inbox;
}

/** What happens to a client, or is done past it. */
async function disturb({ world, group, step, played, seat, client }: Act): Promise<void> {
  switch (step.kind) {
    case "prefer": {
      const node = world.mesh.nodes[step.whom % world.mesh.nodes.length]?.node;
      return await preferNode({ client, group, node });
    }
    case "away":
      seat.online = false;
      await setOnline({ client, online: false });
      setTimeout(() => runInBackground(world, () => comeBack(seat)), FAULT_MS * world.random.next());
      return;
    case "crash":
    case "disk-fault": {
      const kind = step.kind === "crash" ? "dies" : "fails";
      const after = step.whom % WRITES_BEFORE_A_FAULT;
      seat.hasFailed = true;
      seat.trap = { after, kind, takesEffect: step.whom % 2 === 0 };
      return;
    }
    case "junk-entry":
      return await writeJunk({ world, group, client });
    case "old-member-posts": {
      const posted = await postFromOldEpoch({ world, group, seat });
      if (posted) played.hostile.push(posted);
      return;
    }
    case "old-member-asks":
      return await askToReturn({ world, group, client, aboutRemoval: step.whom % 2 === 0 });
    case "post-again": {
      const envelope = world.random.pick([...world.sent.values()]);
      const node = world.random.pick(world.mesh.nodes);
      if (envelope && node && !world.mesh.down.has(node.name))
        await node.api.publish({ envelopes: [envelope] });
      return;
    }
    default:
  }
}

/** Every handle has to tell the end, unless its client died. */
function keep(played: Played, client: Client, { id, settled }: IntentHandle): void {
  const asked = { client, id, hasEnded: false };
  played.asked.push(asked);
  const end = (): void => {
    asked.hasEnded = true;
  };
  settled.then(end, end);
}

function isRemoved(seat: Seat, group: GroupId): boolean {
  return statusOf(seat, group) === "removed";
}

export function isMember(seat: Seat | undefined, group: GroupId): boolean {
  return statusOf(seat, group) === "member";
}

function statusOf(seat: Seat | undefined, group: GroupId) {
  return seat?.client && coreOf(seat.client).groups.get(group)?.view.record.status;
}

function isKnown(client: Client, group: GroupId): boolean {
  return listGroups({ client }).some((one) => one.group === group);
}

/** Of a person with two devices. */
async function revokeAnother(client: Client, step: Step): Promise<IntentHandle | undefined> {
  const { installations } = await listInstallations({ client });
  const others = installations.filter((one) => !one.isSelf && one.revokedBlock === undefined);
  const other = others[step.whom % Math.max(1, others.length)];
  return other && (await revokeInstallation({ client, installation: other.installation }));
}

/** Of the chain, the nodes and the links between them, and the clock that all of them have. */
function breakSomething({ world, step }: { world: World; step: Step }): void {
  const { chain, mesh, random } = world;
  const forMs = FAULT_MS * random.next();
  switch (step.kind) {
    case "reorg":
      reorganize({ chain, depth: 1 + (step.whom % MAX_REORG), keeps: () => random.chance(KEPT) });
      tellNodes(world);
      return;
    case "standstill":
      world.mines = false;
      setTimeout(() => {
        world.mines = true;
      }, STEP_MS + forMs);
      return;
    case "node-down": {
      const node = mesh.nodes[step.whom % mesh.nodes.length];
      if (!node || mesh.down.size > 0) return;
      mesh.down.add(node.name);
      setTimeout(() => void mesh.down.delete(node.name), forMs);
      return;
    }
    case "clock":
      world.time.wallLeadMs = WALL_LEADS_MS[step.whom % WALL_LEADS_MS.length] ?? 0;
      return;
    case "collude": {
      const node = mesh.nodes[step.whom % mesh.nodes.length];
      const anchor = node?.admission.index.state.anchor;
      const isAlone = mesh.nodes.every(({ collusion }) => collusion.anchor === undefined);
      if (node && isAlone) node.collusion.anchor = anchor;
      return;
    }
    case "split":
      mesh.sides = new Map(mesh.nodes.map(({ name }, side) => [name, side]));
      setTimeout(() => {
        mesh.sides = new Map();
      }, forMs);
      return;
    default:
  }
}

export async function comeBack(seat: Seat): Promise<void> {
  seat.online = true;
  const { client } = seat;
  if (client && coreOf(client).online === undefined) await setOnline({ client, online: true });
}
