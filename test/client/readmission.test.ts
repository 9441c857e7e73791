import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { relayAppend } from "../../src/chain/relay/relayAppend.ts";
import { openRelayer } from "../../src/chain/submit/openRelayer.ts";
import { coreOf } from "../../src/client/client.ts";
import {
  addMembers,
  type GroupId,
  groupStatus,
  removeMembers,
  renameGroup,
  sendMessage,
  setOnline,
} from "../../src/index.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import type { EntryId } from "../../src/wire/ids.ts";
import { UPKEEP_DISTANCE_BLOCKS } from "../../src/wire/limits.ts";
import { hostileMember } from "../support/hostileMember.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember, openTestGroup } from "../support/openTestGroup.ts";
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

/** Lands appends at the attacker's own cost, whatever nodes refuse to relay. */
function selfPaying(api: NodeApi): NodeApi {
  const { chain, accounts } = network.chain;
  const account = accounts[15];
  assert.ok(account);
  const relayer = openRelayer({ privateKey: account.privateKey });
  return { ...api, relayAppend: (append) => relayAppend({ chain, relayer, append }) };
}

function verdictOf({ client }: TestClient, group: GroupId, entry: EntryId) {
  return coreOf(client).groups.get(group)?.view.entries.get(entry)?.verdict;
}

/** Blocks in which members' upkeep would have come. */
async function untilBlocksLater(member: TestClient, group: GroupId): Promise<void> {
  const blockOf = async () => (await groupStatus({ client: member.client, group })).block.number;
  const since = await blockOf();
  await until("blocks later", async () => (await blockOf()) >= since + 6 * UPKEEP_DISTANCE_BLOCKS);
}

for (const about of ["its removal", "an entry before that"] as const) {
  test(`a removed member that asks to be added again, about ${about}, stays out`, async () => {
    const names = ["alice", "bob", "carol", "mallory"];
    await using opened = await openTestGroup({ network, names });
    const { group, members } = opened;
    const [alice, bob, carol, mallory] = members;
    const [node] = network.nodes;
    assert.ok(alice && bob && carol && mallory && node);
    const hostile = await hostileMember({ member: mallory, group, api: selfPaying(node.api) });
    const isBefore = about !== "its removal";
    if (isBefore) {
      const renamed = await renameGroup({ client: alice.client, group, name: "renamed" });
      assert.deepEqual(await renamed.settled, delivered);
    }
    const earlier = (await groupStatus({ client: alice.client, group })).head;
    const removal = await removeMembers({ client: alice.client, group, members: [mallory.client.inbox] });
    assert.deepEqual(await removal.settled, delivered);
    const { head } = await groupStatus({ client: alice.client, group });
    const entry = (isBefore ? earlier : head) as EntryId;
    const asked = await hostile.land({ instruction: { case: "control", value: { kind: "request", entry } } });
    for (const member of [alice, bob, carol]) {
      await until("the request", () => verdictOf(member, group, asked) !== undefined);
      const verdict = verdictOf(member, group, asked);
      if (isBefore) assert.equal(verdict?.kind, "control", "a vote, and no wish that anybody heeds");
      else assert.deepEqual(verdict, { kind: "refused", reason: "not-permitted" });
      assert.equal(coreOf(member.client).groups.get(group)?.view.stranded.size, 0);
    }
    await untilBlocksLater(bob, group);
    for (const member of [alice, bob, carol]) {
      const status = await groupStatus({ client: member.client, group });
      assert.ok(!status.members.includes(mallory.client.inbox));
      assert.equal(status.head, head);
    }
  });
}

test("a plain member's devices come in one after another, with blocks in between, and no more than so many", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob", "mallory"] });
  const { group, members } = opened;
  const [alice, bob, mallory] = members;
  const [node] = network.nodes;
  assert.ok(alice && bob && mallory && node);
  const { privateKey } = mallory;
  const blockOf = (id: EntryId) =>
    coreOf(alice.client).groups.get(group)?.view.entries.get(id)?.block.number ?? 0;
  const founding = (await groupStatus({ client: alice.client, group })).head as EntryId;
  await using second = await openTestClient({ network, name: "mallory/2", privateKey });
  await using third = await openTestClient({ network, name: "mallory/3", privateKey });
  for (const device of [second, third]) await until("a device in", () => isMember(device, group));
  const adds = coreOf(alice.client)
    .groups.get(group)
    ?.view.branch.steps.flatMap(({ entry }) => {
      const { verdict } = entry ?? {};
      return entry && verdict?.kind === "adopted" && verdict.adds.length > 0 ? [{ entry, verdict }] : [];
    });
  assert.ok(adds && adds.length >= 2);
  assert.equal(adds[0]?.entry.id, founding);
  for (const [i, { entry, verdict }] of adds.entries()) {
    const previous = adds[i - 1];
    const isPlain = verdict.writer.inbox !== alice.client.inbox;
    if (previous && isPlain) {
      assert.ok(blockOf(entry.id) - blockOf(previous.entry.id) >= UPKEEP_DISTANCE_BLOCKS);
    }
  }
});

test("a newcomer whose lineage has siblings hears a second member before it says anything, and then does", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob", "mallory"] });
  const { group, members } = opened;
  const [alice, bob, mallory] = members;
  const [node] = network.nodes;
  assert.ok(alice && bob && mallory && node);
  const hostile = await hostileMember({ member: mallory, group, api: selfPaying(node.api) });
  // An entry that all refuse comes first, so that whoever joins later can't tell which way the others went.
  const junk = await hostile.land({ instruction: { case: "control", value: { kind: "leave" } } });
  await until("the Leave at alice's", () => verdictOf(alice, group, junk)?.kind === "control");
  await setOnline({ client: bob.client, online: false });
  await using dave = await openTestClient({ network, name: "dave" });
  const added = await addMembers({ client: alice.client, group, members: [dave.client.inbox] });
  assert.deepEqual(await added.settled, delivered);
  await until("dave in the group", () => isMember(dave, group));
  const said = await sendMessage({ client: dave.client, group, text: "hello" });
  const handle = coreOf(dave.client).groups.get(group);
  await until("dave waits", () => handle?.waitsFor === "unheard");
  await sendMessage({ client: alice.client, group, text: "from alice" });
  await until("dave hears alice", async () => (await texts(dave, group)).includes("from alice"));
  assert.equal(handle?.view.record.isUnheard, true, "the one who brought it in is no second member");
  await setOnline({ client: bob.client, online: true });
  assert.deepEqual(await said.settled, delivered);
  assert.equal(handle?.view.record.isUnheard, false);
  const digests = async ({ client }: TestClient) => (await groupStatus({ client, group })).digests;
  await until("bob reads dave", async () => (await texts(bob, group)).includes("hello"));
  await until("equal digests", async () => {
    const { epoch } = await groupStatus({ client: dave.client, group });
    const all = await Promise.all([alice, bob, dave].map(digests));
    return new Set(all.map((one) => one.get(epoch))).size === 1;
  });
});
