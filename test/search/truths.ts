import assert from "node:assert/strict";
import { type Client, coreOf } from "../../src/client/client.ts";
import { readEpoch } from "../../src/client/database/epochStates.ts";
import { tables } from "../../src/client/database/tables.ts";
import { claimOf } from "../../src/client/links/topicClaims.ts";
import { unwrapWelcome } from "../../src/identity/wrapWelcome.ts";
import { viewOf } from "../../src/reconciler/branch/epochView.ts";
import type { Intent } from "../../src/reconciler/records/intent.ts";
import { valuesOf } from "../../src/store/client/table.ts";
import type { Address, EntryId, GroupId, InboxId } from "../../src/wire/ids.ts";
import { groupTopic, parseTopic } from "../../src/wire/topic.ts";
import { walletOf } from "./memoryChain.ts";
import type { Played } from "./play.ts";
import type { View } from "./view.ts";
import type { World } from "./world.ts";

type Params = {
  readonly world: World;
  readonly group: GroupId;
  readonly played: Played;
  readonly views: readonly View[];
};

/** What nobody's lie may bring about. Throws an AssertionError. */
export async function checkTruths(params: Params): Promise<void> {
  checkGhosts(params);
  await checkLeaves(params);
  checkInnocents(params);
  await checkReturns(params);
  await checkRefusals(params);
  await checkWallets(params);
  assert.deepEqual([...(params.world.deceit?.deceived ?? [])], [], "nobody ever believes in other nodes");
  checkAccused(params);
  checkWithheld(params);
}

/** No Welcome opens for an installation that is on no chain. */
function checkGhosts({ world }: Params): void {
  const welcomes = [...world.sent.values()].filter(({ topic }) => parseTopic(topic).kind === "welcome");
  const keyPackages = (world.deceit?.ghosts ?? []).map(({ keyPackage }) => keyPackage);
  for (const envelope of keyPackages.length > 0 ? welcomes : []) {
    const { kind } = unwrapWelcome({ envelope, keyPackages });
    assert.equal(kind, "not-mine", "an installation that nobody added was welcomed");
  }
}

/** No epoch that was adopted has a leaf of an installation that was never on the chain. */
async function checkLeaves({ world, group: id }: Params): Promise<void> {
  if (!world.deceit) return;
  for (const { name, client } of world.seats.values()) {
    const group = client && coreOf(client).groups.get(id);
    if (!group) continue;
    for (const { head } of group.view.branch.steps) {
      const { database } = coreOf(client);
      const epoch = await readEpoch({ database, group: id, cache: group.epochs, head });
      for (const { installation } of epoch ? viewOf(epoch.state).members : []) {
        assert.ok(world.chain.added.has(installation), `${name} has ${installation} in ${head}: on no chain`);
      }
    }
  }
}

/** Whom nobody wanted out is in, by its own word and by that of all others. */
function checkInnocents({ world, played, views }: Params): void {
  const members = views.filter(({ state }) => state.membership === "member");
  for (const { name, hasFailed } of world.seats.values()) {
    const inbox = world.inboxes.get(name);
    if (hasFailed || !inbox || !played.members.has(name) || played.unwanted.has(inbox)) continue;
    const own = views.find((view) => view.name === name);
    assert.equal(own?.state.membership, "member", `nobody wanted ${name} out (${own?.state.reason})`);
    for (const { name: other, state } of members) {
      assert.ok(state.members.includes(inbox), `${other} does not have ${name} in the group`);
    }
  }
}

/** Who was removed since somebody wanted it comes back only when somebody wants that. */
async function checkReturns({ world, group: id }: Params): Promise<void> {
  const clients = [...world.seats.values()].flatMap(({ client }) => client ?? []);
  const intents = (await Promise.all(clients.map(intentsOf))).flat();
  const landed = (kind: "add" | "remove") =>
    new Set(intents.flatMap(({ action, landed }) => (action.kind === kind ? landed : [])));
  const removals = landed("remove");
  const additions = landed("add");
  for (const client of clients) {
    const out = new Set<InboxId>();
    for (const { entry } of coreOf(client).groups.get(id)?.view.branch.steps ?? []) {
      if (entry?.verdict.kind !== "adopted") continue;
      const { adds, removes } = entry.verdict;
      if (removals.has(entry.id)) for (const { inbox } of removes) out.add(inbox);
      for (const { inbox } of adds) {
        assert.ok(!out.has(inbox) || additions.has(entry.id), `${inbox} was removed and is back`);
        out.delete(inbox);
      }
    }
  }
}

async function intentsOf(client: Client): Promise<(Intent & { readonly landed: readonly EntryId[] })[]> {
  return await valuesOf(tables.outbox.rows(coreOf(client).database));
}

/** Nobody asks for anything that is too large. */
async function checkRefusals({ world }: Params): Promise<void> {
  for (const { name, client } of world.seats.values()) {
    for (const { action, progress } of client ? await intentsOf(client) : []) {
      const outcome = progress.kind === "settled" ? progress.outcome : undefined;
      const reason = outcome?.kind === "failed" ? outcome.reason : undefined;
      assert.notEqual(reason, "too-large", `${name}'s ${action.kind} ended by a node's word`);
    }
  }
}

/** Whoever is named by a wallet is who the chain says. */
async function checkWallets({ world }: Params): Promise<void> {
  if (!world.deceit) return;
  const named = [...world.inboxes.values()].map((inbox) => [walletOf(world.chain, inbox), inbox] as const);
  const owners = new Map(named);
  for (const { name, client } of world.seats.values()) {
    for (const { action, resolved } of client ? await intentsOf(client) : []) {
      if (action.kind !== "add" || !resolved) continue;
      const wanted = action.members.map((member) => owners.get(member as Address) ?? member);
      const others = resolved.filter((inbox) => !wanted.includes(inbox));
      assert.deepEqual(others, [], `${name} takes others for ${action.members}`);
    }
  }
}

/** Nobody is called a liar who has told the truth: a liar itself, or a node that a liar has invented for itself. */
function checkAccused({ world }: Params): void {
  const { mesh, deceit, seats } = world;
  for (const { name, heard } of seats.values()) {
    for (const event of heard) {
      if (event.kind === "lied" && !event.isDecided) continue;
      if (!("node" in event)) continue;
      const accused = mesh.nodes.find(({ node }) => event.node === node)?.name;
      const hasLied = accused === undefined ? isInvented(world, name) : deceit?.everLied.has(accused);
      assert.ok(hasLied, `${name} calls ${accused ?? event.node} a liar (${event.kind})`);
    }
  }
}

/** No registry has the node: somebody has told this client of nodes at the liar's own address. */
function isInvented({ deceit }: World, name: string): boolean {
  const told = [...(deceit?.told.keys() ?? [])];
  return told.some((lie) => lie.startsWith(`${name}: `) && lie.endsWith("nodes invented"));
}

/**
 * Whoever is served by one that leaves out messages has been told so. What it left out in an earlier connection may have
 * come by way of another node since.
 */
function checkWithheld({ world, group, views }: Params): void {
  const { deceit, mesh, seats } = world;
  for (const { name, state } of views) {
    const seat = seats.get(name);
    const serving = mesh.nodes.find(({ node }) => node === state.node);
    if (!seat?.client || !serving || !deceit?.liars.has(serving.name)) continue;
    const core = coreOf(seat.client);
    const sinceMs = claimOf({ core, topic: groupTopic(group), node: serving.node })?.sinceMs;
    const left = [...deceit.told].filter(
      ([told, lastMs]) =>
        told.startsWith(`${name}: ${serving.name}: `) &&
        told.endsWith("messages left out") &&
        sinceMs !== undefined &&
        lastMs >= sinceMs,
    );
    const isTold = seat.heard.some((event) => "node" in event && event.node === serving.node);
    const lies = left.map(([told]) => told);
    assert.ok(left.length === 0 || isTold, `${name} was not told: ${lies.join("; ")}`);
  }
}
