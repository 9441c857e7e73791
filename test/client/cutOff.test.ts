import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomBytes } from "#crypto";
import { coreOf } from "../../src/client/client.ts";
import { groupStatus, listMembers, listMessages, renameGroup, sendMessage } from "../../src/index.ts";
import type { FreshPath } from "../../src/mls/path/createPath.ts";
import type { UpdatePath } from "../../src/mls/path/updatePath.ts";
import { asAddress, type EntryId, type GroupId } from "../../src/wire/ids.ts";
import { forgeCommit } from "../mls/support/forgeCommit.ts";
import { asEntry, hostileMember } from "../support/hostileMember.ts";
import type { TestClient } from "../support/openTestClient.ts";
import { openTestGroup } from "../support/openTestGroup.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" };

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

/** Alice founded it; mallory's client is silent, and writes to the chain what it likes. */
async function openTown() {
  const opened = await openTestGroup({ network, names: ["alice", "bob", "carol", "mallory"] });
  const { group, members } = opened;
  const [alice, bob, carol, mallory] = members;
  const [node] = network.nodes;
  assert.ok(alice && bob && carol && mallory && node);
  const hostile = await hostileMember({ member: mallory, group, api: node.api });
  const honest = [alice, bob, carol];
  return {
    group,
    alice,
    bob,
    carol,
    honest,
    hostile,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

async function untilAllFollow(members: readonly TestClient[], group: GroupId, epoch: number): Promise<void> {
  await until(`all in epoch ${epoch}`, async () => {
    const states = await Promise.all(members.map(({ client }) => groupStatus({ client, group })));
    return states.every((state) => state.membership === "member" && state.epoch === epoch);
  });
  const states = await Promise.all(members.map(({ client }) => groupStatus({ client, group })));
  assert.equal(new Set(states.map(({ head }) => head)).size, 1);
}

function verdictOf({ client }: TestClient, group: GroupId, entry: EntryId) {
  return coreOf(client).groups.get(group)?.view.entries.get(entry)?.verdict;
}

async function untilVoid(members: readonly TestClient[], group: GroupId, entry: EntryId, reason: string) {
  for (const member of members) {
    await until("the entry is void", () => verdictOf(member, group, entry)?.kind === "void");
    const verdict = verdictOf(member, group, entry);
    assert.ok(verdict?.kind === "void");
    assert.equal(verdict.reason, reason);
  }
}

/** What the step's copath child of this place gets does not open. */
function spoilFor(step: number, recipient: number) {
  return (path: UpdatePath): UpdatePath => ({
    ...path,
    nodes: path.nodes.map((node, i) => ({
      ...node,
      sealedSecrets: node.sealedSecrets.map((sealed, j) =>
        i === step && j === recipient
          ? { ...sealed, ciphertext: randomBytes(sealed.ciphertext.length) }
          : sealed,
      ),
    })),
  });
}

function wrongSecrets(fresh: FreshPath): FreshPath {
  const pathSecrets = fresh.derived.pathSecrets.map(() => randomBytes(32));
  return { ...fresh, derived: { ...fresh.derived, pathSecrets } };
}

test("whom a bad commit cuts off is removed and added again by a member, keeps its role and sees what it missed", async () => {
  await using town = await openTown();
  const { group, alice, bob, honest, hostile } = town;
  const first = await sendMessage({ client: bob.client, group, text: "before" });
  assert.deepEqual(await first.settled, delivered);
  await until("alice read it", async () => (await texts(alice, group)).length === 1);
  const { epoch } = await groupStatus({ client: alice.client, group });
  const changePath = spoilFor(1, 0);
  const entry = await hostile.land(asEntry(forgeCommit({ seat: hostile.seat, withPath: true, changePath })));
  await untilAllFollow(honest, group, epoch + 3);
  assert.equal(verdictOf(bob, group, entry)?.kind, "adopted");
  const { joinedEpoch } = await groupStatus({ client: alice.client, group });
  assert.equal(joinedEpoch, epoch + 3);
  const [self] = (await listMembers({ client: bob.client, group })).filter(
    ({ inbox }) => inbox === alice.client.inbox,
  );
  assert.equal(self?.role, "super-admin");
  const items = await listMessages({ client: alice.client, group });
  const missed = items.find(({ kind }) => kind === "missed");
  assert.ok(missed?.kind === "missed" && missed.entry === entry);
  assert.deepEqual([missed.epoch, missed.until], [epoch + 1, epoch + 3]);
  assert.deepEqual(await texts(alice, group), ["before"]);
  const back = await sendMessage({ client: alice.client, group, text: "back" });
  assert.deepEqual(await back.settled, delivered);
  await until("bob read it", async () => (await texts(bob, group)).includes("back"));
});

test("a commit whose tag is false for all is voided by evidence, and the group goes on from its parent", async () => {
  await using town = await openTown();
  const { group, alice, honest, hostile } = town;
  const { epoch } = await groupStatus({ client: alice.client, group });
  const forged = forgeCommit({ seat: hostile.seat, withPath: true, spoil: "confirmation-tag" });
  const entry = await hostile.land(asEntry(forged));
  await untilVoid(honest, group, entry, "contradicts-tag");
  await untilAllFollow(honest, group, epoch);
  const renamed = await renameGroup({ client: alice.client, group, name: "goes on" });
  assert.deepEqual(await renamed.settled, delivered);
  await untilAllFollow(honest, group, epoch + 1);
});

test("a commit that gives another authority than its entry names is voided by evidence", async () => {
  await using town = await openTown();
  const { group, honest, hostile } = town;
  const { commit } = forgeCommit({ seat: hostile.seat, withPath: true });
  const entry = await hostile.land({
    instruction: { case: "commit", value: commit },
    authority: asAddress(randomBytes(20)),
  });
  await untilVoid(honest, group, entry, "contradicts-authority");
});

test("a commit whose secrets are wrong for all is voided by the requests of more than half", async () => {
  await using town = await openTown();
  const { group, alice, honest, hostile } = town;
  const forged = forgeCommit({ seat: hostile.seat, withPath: true, changeFresh: wrongSecrets });
  const { epoch } = await groupStatus({ client: alice.client, group });
  const entry = await hostile.land(asEntry(forged));
  await untilVoid(honest, group, entry, "majority-cut-off");
  const renamed = await renameGroup({ client: alice.client, group, name: "goes on" });
  assert.deepEqual(await renamed.settled, delivered);
  await untilAllFollow(honest, group, epoch + 1);
});
