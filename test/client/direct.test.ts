import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { coreOf } from "../../src/client/client.ts";
import { admitGroup } from "../../src/client/joining/admitGroup.ts";
import { isWeftError } from "../../src/errors.ts";
import {
  type ConversationId,
  deleteMessage,
  editMessage,
  type GroupId,
  groupStatus,
  leaveGroup,
  listConversations,
  listIntents,
  listMembers,
  listMessages,
  markRead,
  openDirect,
  reactToMessage,
  removeMembers,
  renameGroup,
  revokeInstallation,
  sendMessage,
  setOnline,
  setRole,
} from "../../src/index.ts";
import { encodeTree } from "../../src/mls/encodeTree.ts";
import { joinGroup } from "../../src/mls/joinGroup.ts";
import { keyPackageRef } from "../../src/mls/keyPackageRef.ts";
import { stageCommit } from "../../src/mls/stageCommit.ts";
import { asId, type EnvelopeHash } from "../../src/wire/ids.ts";
import { asEntry, hostileMember } from "../support/hostileMember.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { markBlock, undoAfter } from "../support/reorgs.ts";
import { say } from "../support/say.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" } as const;
const failed = (reason: string) => ({ kind: "failed", reason });

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

async function openPair() {
  const [alice, bob] = await Promise.all([
    openTestClient({ network, name: "alice" }),
    openTestClient({ network, name: "bob" }),
  ]);
  return { alice, bob };
}

/** A direct conversation that alice has founded, with bob in it. */
async function openTalk() {
  const { alice, bob } = await openPair();
  const { conversation, group, intent } = await openDirect({ ...alice, with: bob.client.inbox });
  assert.deepEqual(await intent?.settled, delivered);
  await until("bob in it", () => isMember(bob, group));
  return { alice, bob, conversation, group };
}

async function rows({ client }: Pick<TestClient, "client">) {
  return await listConversations({ client });
}

/** The texts of a conversation as both read it, once both read the same number of them. */
async function readByBoth(pair: readonly TestClient[], conversation: ConversationId, count: number) {
  await until("all is read by both", async () => {
    const read = await Promise.all(pair.map((one) => texts(one, conversation)));
    return read.every(({ length }) => length === count);
  });
  const [mine, theirs] = await Promise.all(pair.map((one) => texts(one, conversation)));
  assert.deepEqual(mine, theirs);
  return mine ?? [];
}

test("two talk directly: founded offline, one conversation for both, with all that messages can do", async () => {
  const { alice, bob } = await openPair();
  await using _ = alice;
  await using __ = bob;
  await setOnline({ ...alice, online: false });
  const [first, second] = await Promise.all([
    openDirect({ ...alice, with: bob.client.inbox }),
    openDirect({ ...alice, with: bob.client.inbox }),
  ]);
  assert.equal(first.group, second.group);
  assert.ok(first.intent && !second.intent);
  const { conversation, group } = first;
  // An app that awaits none of its calls has said them in this order all the same.
  const said = ["one", "two", "three"].map((text) => sendMessage({ ...alice, group: conversation, text }));
  const [one, two] = await Promise.all(said);
  assert.ok(one && two);
  assert.deepEqual(await texts(alice, conversation), ["one", "two", "three"]);
  await setOnline({ ...alice, online: true });
  assert.deepEqual(await first.intent.settled, delivered);
  await until("bob in it", () => isMember(bob, group));
  await readByBoth([alice, bob], conversation, 3);
  const wallet = await openDirect({ ...bob, with: coreOf(alice.client).self.wallet });
  assert.deepEqual(wallet, { conversation, other: alice.client.inbox, group, intent: undefined });
  await say(bob, conversation, "hello");
  const edit = await editMessage({ ...alice, group: conversation, message: one.messageId, text: "ONE" });
  const react = await reactToMessage({ ...bob, group: conversation, message: two.messageId, text: "👍" });
  const gone = await deleteMessage({ ...alice, group: conversation, message: two.messageId });
  for (const { settled } of [edit, react, gone]) assert.deepEqual(await settled, delivered);
  await until("edited and deleted", async () => {
    const read = await texts(bob, conversation);
    return read.join() === "ONE,three,hello";
  });
  const [row] = await rows(bob);
  assert.equal((await rows(bob)).length, 1);
  const { kind, other, name, unread, groups } = row ?? {};
  assert.deepEqual(
    { kind, other, name, unread, groups },
    {
      ...{ kind: "direct", other: alice.client.inbox, name: "", unread: 2, groups: [group] },
    },
  );
  await markRead({ ...bob, group: conversation });
  assert.equal((await rows(bob))[0]?.unread, 0);
  const members = await listMembers({ ...bob, group });
  assert.deepEqual(new Set(members.map(({ role }) => role)), new Set(["member"]));
});

test("nobody rules a direct conversation: what needs a role fails at once, and oneself is nobody to talk to", async () => {
  const { alice, bob, conversation, group } = await openTalk();
  await using _ = alice;
  await using __ = bob;
  const theirs = await say(bob, conversation, "mine");
  await readByBoth([alice, bob], conversation, 1);
  const asked = await Promise.all([
    renameGroup({ ...alice, group, name: "Us" }),
    setRole({ ...alice, group, member: alice.client.inbox, role: "super-admin" }),
    removeMembers({ ...alice, group, members: [bob.client.inbox] }),
    leaveGroup({ ...alice, group }),
    deleteMessage({ ...alice, group: conversation, message: theirs.messageId }),
  ]);
  for (const { settled } of asked) assert.deepEqual(await settled, failed("not-permitted"));
  await assert.rejects(openDirect({ ...alice, with: alice.client.inbox }), (error) =>
    isWeftError(error, "malformed"),
  );
  await assert.rejects(openDirect({ ...alice, with: `0x${"77".repeat(20)}` }), (error) =>
    isWeftError(error, "unknown-record"),
  );
  await setOnline({ ...alice, online: false });
  await assert.rejects(openDirect({ ...alice, with: coreOf(bob.client).self.wallet }), (error) =>
    isWeftError(error, "node-unreachable"),
  );
  const unknown = await sendMessage({ ...alice, group: asId<GroupId>("0x".padEnd(66, "7")), text: "?" });
  assert.deepEqual(await unknown.settled, failed("not-a-member"));
});

test("both found it at once: both write to the group that came first, and read both as one, also after a reorganization", async () => {
  const { alice, bob } = await openPair();
  await using _ = alice;
  await using __ = bob;
  const pair = [alice, bob];
  const block = await markBlock(network);
  for (const one of pair) await setOnline({ ...one, online: false });
  const [mine, theirs] = await Promise.all([
    openDirect({ ...alice, with: bob.client.inbox }),
    openDirect({ ...bob, with: alice.client.inbox }),
  ]);
  const { conversation } = mine;
  assert.equal(theirs.conversation, conversation);
  assert.notEqual(mine.group, theirs.group);
  await sendMessage({ ...alice, group: conversation, text: "from alice" });
  await sendMessage({ ...bob, group: conversation, text: "from bob" });
  for (const one of pair) await setOnline({ ...one, online: true });
  const both = [mine.group, theirs.group];
  for (const one of pair) await until("in both", () => both.every((group) => isMember(one, group)));
  await readByBoth(pair, conversation, 2);
  const written = async () => {
    const [a, b] = await Promise.all([
      openDirect({ ...alice, with: bob.client.inbox }),
      openDirect({ ...bob, with: alice.client.inbox }),
    ]);
    assert.ok(!a.intent && !b.intent);
    return a.group === b.group ? a.group : undefined;
  };
  const group = await written();
  assert.ok(group);
  await say(alice, conversation, "afterwards");
  await say(bob, conversation, "indeed");
  await readByBoth(pair, conversation, 4);
  assert.equal((await texts(alice, group)).length, 3);
  for (const one of pair) {
    const all = await rows(one);
    assert.equal(all.length, 1);
    assert.deepEqual(new Set(all[0]?.groups), new Set(both));
    assert.equal(all[0]?.group, group);
    assert.equal(all[0]?.unread, 2);
    const last = (await listMessages({ ...one, group: conversation })).findLast(
      ({ kind }) => kind === "message",
    );
    assert.equal(all[0]?.last?.cursor, last?.cursor);
  }
  await pages(alice, conversation);

  await undoAfter(network, block);
  await until("both groups gone from the chain", async () => {
    const [a, b] = [
      await groupStatus({ ...alice, group: mine.group }),
      await groupStatus({ ...bob, group: theirs.group }),
    ];
    return a.epoch === 0 && b.epoch === 0;
  });
  network.chain.resume();
  for (const one of pair) await until("in both again", () => both.every((id) => isMember(one, id)));
  await until("both write to the same group", async () => (await written()) !== undefined);
  await say(bob, conversation, "still here");
  const all = await readByBoth(pair, conversation, 5);
  assert.equal(new Set(all).size, 5, "nothing was sealed twice");
  for (const one of pair) {
    await until("all done", async () => (await listIntents({ ...one, open: true })).length === 0);
  }
});

/** Reads a conversation in pages of one item, forward and back. */
async function pages({ client }: TestClient, group: ConversationId): Promise<void> {
  const all = await listMessages({ client, group });
  assert.deepEqual(
    all.map(({ cursor }) => cursor),
    all.map(({ cursor }) => cursor).toSorted(),
  );
  for (const [i, { cursor }] of all.entries()) {
    assert.deepEqual(await listMessages({ client, group, after: cursor }), all.slice(i + 1));
    assert.deepEqual(await listMessages({ client, group, before: cursor }), all.slice(0, i));
    assert.deepEqual(
      await listMessages({ client, group, before: cursor, limit: 1 }),
      all.slice(0, i).slice(-1),
    );
  }
}

test("somebody who has lost all devices comes back, and reads what was said meanwhile", async () => {
  const { alice, bob, conversation, group } = await openTalk();
  await using _ = alice;
  const { privateKey } = bob;
  await say(bob, conversation, "before");
  await revokeInstallation({ ...bob, installation: bob.client.installation }).then(({ settled }) => settled);
  await bob[Symbol.asyncDispose]();
  await until("bob out", async () => (await groupStatus({ ...alice, group })).members.length === 1);
  const kept = await sendMessage({ ...alice, group: conversation, text: "are you there?" });
  await until("it waits", async () =>
    (await listIntents({ ...alice, open: true })).some(({ id }) => id === kept.id),
  );
  await using anew = await openTestClient({ network, name: "bob/2", privateKey });
  await until("bob back", () => isMember(anew, group));
  assert.deepEqual(await kept.settled, delivered);
  const { group: written, intent } = await openDirect({ ...anew, with: alice.client.inbox });
  assert.deepEqual({ written, intent }, { written: group, intent: undefined });
  await until("what was said meanwhile", async () => (await texts(anew, conversation)).length === 1);
  await say(anew, conversation, "here I am");
  await until("both read", async () => (await texts(alice, conversation)).length === 3);
  assert.deepEqual(await texts(anew, conversation), ["are you there?", "here I am"]);
});

test("a third inbox's leaf is refused by whoever is in, and stops whoever is brought in beside it", async () => {
  const { alice, bob, conversation, group } = await openTalk();
  await using _ = alice;
  await using __ = bob;
  await using carol = await openTestClient({ network, name: "carol" });
  const [node] = network.nodes;
  assert.ok(node);
  const hostile = await hostileMember({ member: alice, group, api: node.api });
  await setOnline({ ...bob, online: false });
  await using tablet = await openTestClient({ network, name: "bob/2", privateKey: bob.privateKey });
  const keys = (one: TestClient) => {
    const [kept] = coreOf(one.client).keyPackages.values();
    assert.ok(kept);
    return kept.own;
  };
  const added = [keys(carol), keys(tablet)];
  const made = stageCommit({ ...hostile.seat, adds: added.map(({ keyPackage }) => keyPackage) });
  const entry = await hostile.land(asEntry(made));
  const ref = Buffer.from(keyPackageRef(keys(tablet).keyPackage));
  const part = made.welcome?.groupSecrets.find((one) => ref.equals(one.keyPackageRef));
  assert.ok(made.welcome && part);
  const { state } = joinGroup({
    ...{ keyPackage: keys(tablet).keyPackage, keyPackageSecrets: keys(tablet).secrets },
    encryptedGroupSecrets: part.encryptedGroupSecrets,
    encryptedGroupInfo: made.welcome.encryptedGroupInfo,
    ratchetTree: encodeTree(made.newState),
  });
  const core = coreOf(tablet.client);
  const envelope = asId<EnvelopeHash>("0x".padEnd(66, "5"));
  const welcome = { group, entry } as Parameters<typeof admitGroup>[0]["welcome"];
  const inviter = alice.client.inbox;
  await admitGroup({ core, envelope, welcome, state, inviter, generation: keys(tablet).generation });
  await until("the tablet stopped", async () => {
    const { membership, reason } = await groupStatus({ ...tablet, group });
    return membership === "cut-off" && reason === "foreign-inbox";
  });
  await setOnline({ ...bob, online: true });
  await until("bob's word on it", async () =>
    (await verdicts(bob, group)).some(
      ({ id, verdict }) => id === entry && verdict === "refused foreign-inbox",
    ),
  );
  await until("the tablet in, by bob", () => isMember(tablet, group));
  assert.deepEqual((await groupStatus({ ...tablet, group })).members.length, 2);
  await say(bob, conversation, "without carol");
  await until("the tablet reads it", async () => (await texts(tablet, conversation)).length === 1);
});

async function verdicts({ client }: TestClient, group: GroupId) {
  const entries = [...(coreOf(client).groups.get(group)?.view.entries.values() ?? [])];
  return entries.map(({ id, verdict }) => ({
    id,
    verdict: verdict.kind === "refused" ? `refused ${verdict.reason}` : verdict.kind,
  }));
}
