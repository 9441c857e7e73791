import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { coreOf, groupOf } from "../../src/client/client.ts";
import { listEpochs } from "../../src/client/database/epochStates.ts";
import { forgetEpochs, maintainEpochs } from "../../src/client/entries/maintainEpochs.ts";
import { forgetKeyPackages } from "../../src/client/identity/forgetKeyPackages.ts";
import {
  addMembers,
  groupStatus,
  removeMembers,
  renameGroup,
  rotateKeys,
  sendMessage,
} from "../../src/index.ts";
import { hasMessageKeys } from "../../src/mls/closeEpoch.ts";
import type { GroupState } from "../../src/mls/groupState.ts";
import { sealMessage } from "../../src/mls/sealMessage.ts";
import type { HeadId } from "../../src/reconciler/records/records.ts";
import { writeApplicationMessage } from "../../src/wire/applicationMessage.ts";
import { fromHex, type GroupId } from "../../src/wire/ids.ts";
import { VOID_BLOCKS } from "../../src/wire/limits.ts";
import {
  attack,
  copyDatabase,
  type DatabaseCopy,
  holds,
  type Loot,
  readPublic,
} from "../support/attackDatabase.ts";
import { says } from "../support/contents.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { openThree } from "../support/openThree.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

/** More than passes while a test goes on. */
const FINALITY_BLOCKS = 400;
const LOOK_BLOCKS = 20;
const DAY_MS = 24 * 3600 * 1000;

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 1 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

type Intend = { readonly client: TestClient["client"]; readonly group: GroupId };
type Place = { readonly group: GroupId; readonly members: readonly TestClient[] };

async function headOf({ client }: TestClient, group: GroupId): Promise<HeadId> {
  return (await groupStatus({ client, group })).head;
}

/** Waits for an intent, and until all members have followed. Gives the new head. */
async function landed(
  { group, members }: Place,
  by: TestClient,
  intend: (to: Intend) => ReturnType<typeof rotateKeys>,
): Promise<HeadId> {
  const intent = await intend({ client: by.client, group });
  assert.deepEqual(await intent.settled, { kind: "delivered" });
  const head = await headOf(by, group);
  for (const member of members)
    await until("at the new head", async () => (await headOf(member, group)) === head);
  return head;
}

/** Says something, and waits until all have read it. */
async function say({ group, members }: Place, by: TestClient, text: string): Promise<void> {
  const said = await sendMessage({ client: by.client, group, text });
  assert.deepEqual(await said.settled, { kind: "delivered" });
  for (const member of members)
    await until(`${text} is read`, async () => (await texts(member, group)).includes(text));
}

/** Lets a client tidy up as if blocks had come after which nothing is undone or voided, and time had passed. */
async function tidyUpLater({ client }: TestClient, id: GroupId, ms = 0): Promise<void> {
  const core = coreOf(client);
  const group = groupOf(core, id);
  const nowMs = Date.now() + ms;
  await group.queue.run(async () => {
    const { processed, agreed } = group;
    const number = processed.number + FINALITY_BLOCKS + VOID_BLOCKS + LOOK_BLOCKS;
    group.processed = { ...processed, number };
    group.agreed = group.processed;
    if (ms === 0) await maintainEpochs({ core, group });
    else await forgetEpochs({ core, group, nowMs });
    group.processed = processed;
    group.agreed = agreed;
  });
  await forgetKeyPackages({ core, nowMs });
}

function epochsOf({ client }: TestClient, group: GroupId) {
  return listEpochs({ database: coreOf(client).database, group });
}

async function loot(copy: DatabaseCopy, group: GroupId): Promise<Loot> {
  const [node] = network.nodes;
  assert.ok(node);
  return await attack({
    copy,
    shown: await readPublic({ network: network.chain.network, api: node.api, group }),
  });
}

/** What leads to another epoch or to used message keys. */
function secretsOf(state: GroupState): Uint8Array[] {
  return [state.initSecret, state.exporterSecret, state.membershipKey, state.epochAuthenticator];
}

function stateIn(copy: DatabaseCopy, head: HeadId): GroupState {
  const found = copy.epochs.find((one) => one.head === head)?.epoch;
  assert.ok(found?.kind === "open");
  return found.state;
}

test("forward secrecy: a copy opens what the stated window allows, and after it nothing", async () => {
  await using place = await openThree({ network, finalityBlocks: FINALITY_BLOCKS });
  const { group, alice, bob, carol } = place;
  const first = await headOf(bob, group);
  await say(place, alice, "in the joined epoch");
  const second = await landed(place, bob, rotateKeys);
  await say(place, alice, "read in an epoch of one's own commit");
  const late = await sealedLate(carol, group);
  const third = await landed(place, alice, rotateKeys);
  await say(place, alice, "read in an epoch of another's commit");

  const early = await copyDatabase({ client: bob.client, group });
  const all = await loot(early, group);
  assert.deepEqual(all.reached, new Set([first, second, third]));
  assert.deepEqual(
    all.texts,
    new Set(["in the joined epoch", "read in an epoch of another's commit"]),
    "by the Welcome, and by the whole state of the parent; used keys themselves are gone",
  );
  const [old, current] = [stateIn(early, second), stateIn(early, third)];
  for (const secret of secretsOf(old)) assert.ok(holds(early, secret));

  await tidyUpLater(bob, group);
  const past = (await epochsOf(bob, group)).filter(({ head }) => head !== third);
  assert.ok(past.every(({ closedAtMs }) => closedAtMs > 0));
  const closed = await copyDatabase({ client: bob.client, group });
  const inWindow = await loot(closed, group);
  assert.deepEqual(inWindow.reached, new Set([first, third]), "the used key package still opens its Welcome");
  assert.deepEqual(inWindow.texts, new Set(["in the joined epoch"]));
  for (const secret of secretsOf(old)) assert.equal(holds(closed, secret), false);
  assert.deepEqual(await lateTexts(closed, late), ["skipped", "late"], "unread messages are still welcome");

  await tidyUpLater(bob, group, DAY_MS + 1);
  const aged = await copyDatabase({ client: bob.client, group });
  assert.deepEqual(await loot(aged, group), { reached: new Set([third]), texts: new Set() });
  assert.deepEqual(await lateTexts(aged, late), []);
  assert.deepEqual(
    (await epochsOf(bob, group)).map(({ head }) => head),
    [third],
  );
  const gone = [
    ...secretsOf(old),
    old.senderDataSecret,
    ...keysOnlyIn(old, current),
    ...initKeysOnlyIn(early, aged),
  ];
  for (const secret of gone) assert.ok(holds(early, secret) && !holds(aged, secret));
});

/** Messages by a member of the present epoch that it seals and holds back, as posts. */
async function sealedLate({ client }: TestClient, group: GroupId) {
  const head = (await groupStatus({ client, group })).head;
  const { installation, inbox } = coreOf(client).self;
  let state = stateIn(await copyDatabase({ client, group }), head);
  return ["skipped", "late"].map((text, i) => {
    const nonce = `0x${String(i).padStart(32, "0")}` as const;
    const content = {
      group,
      inbox,
      installation: installation.key,
      nonce,
      depth: 1,
      parents: [],
      sentAtMs: 0,
      ...says(text),
    };
    const sealed = sealMessage({
      state,
      signatureKey: { publicKey: fromHex(installation.key), privateKey: installation.privateKey },
      plaintext: writeApplicationMessage({ content, replaces: [] }),
      authenticatedData: new Uint8Array(0),
    });
    state = sealed.newState;
    return { head, privateMessage: sealed.message };
  });
}

async function lateTexts(
  copy: DatabaseCopy,
  posts: Awaited<ReturnType<typeof sealedLate>>,
): Promise<string[]> {
  const [node] = network.nodes;
  const [group] = [...new Set(copy.epochs.map(({ epoch }) => epoch.state.context.groupId))];
  assert.ok(node && group);
  const id = `0x${Buffer.from(group).toString("hex")}` as GroupId;
  const shown = await readPublic({ network: network.chain.network, api: node.api, group: id });
  return [...(await attack({ copy, shown: { ...shown, posts } })).texts];
}

function keysOnlyIn(old: GroupState, current: GroupState): Uint8Array[] {
  const kept = new Set([...current.privateKeys.values()].map(String));
  return [...old.privateKeys.values()].filter((key) => !kept.has(String(key)));
}

function initKeysOnlyIn(early: DatabaseCopy, later: DatabaseCopy): Uint8Array[] {
  const kept = new Set(later.keyPackages.map(({ generation }) => generation));
  const gone = early.keyPackages.filter(({ generation }) => !kept.has(generation));
  assert.equal(gone.length, 1, "the key package of the Welcome");
  return gone.flatMap(({ secrets, wrapperSeed }) => [
    ...[secrets.initPrivateKey, secrets.encryptionPrivateKey],
    wrapperSeed,
  ]);
}

test("post-compromise security: a copy follows until its owner rotates, and no further", async () => {
  await using place = await openThree({ network, finalityBlocks: FINALITY_BLOCKS });
  const { group, alice, bob, carol } = place;
  await landed(place, bob, rotateKeys);
  const copy = await copyDatabase({ client: bob.client, group });
  const here = await headOf(bob, group);
  const before = [await landed(place, alice, rotateKeys), await landed(place, carol, rotateKeys)];
  await say(place, alice, "before bob rotates");
  const healed = [await landed(place, bob, rotateKeys)];
  await say(place, alice, "after bob rotated");
  healed.push(
    await landed(place, alice, (params) => renameGroup({ ...params, name: "healed" })),
    await landed(place, carol, rotateKeys),
  );
  await say(place, bob, "and later");
  const { reached, texts: opened } = await loot(copy, group);
  for (const head of [here, ...before]) assert.ok(reached.has(head), "the attack works where it should");
  for (const head of healed) assert.equal(reached.has(head), false);
  assert.deepEqual(opened, new Set(["before bob rotates"]));
});

test("removal: the removed member's database opens nothing of what follows, and then holds no keys", async () => {
  await using place = await openThree({ network, finalityBlocks: FINALITY_BLOCKS });
  await using dave = await openTestClient({ network, name: "dave", finalityBlocks: FINALITY_BLOCKS });
  const { group, alice, bob, carol } = place;
  const staying = { group, members: [alice, bob] };
  await landed(place, carol, rotateKeys);
  const last = await headOf(carol, group);
  const leaf = stateIn(await copyDatabase({ client: carol.client, group }), last).ownLeafIndex;
  const removal = (to: Intend) => removeMembers({ ...to, members: [carol.client.inbox] });
  const addition = (to: Intend) => addMembers({ ...to, members: [dave.client.inbox] });
  const without = [await landed(staying, alice, removal)];
  await say(staying, bob, "without carol");
  without.push(await landed(staying, alice, addition));
  await until("dave in the group", () => isMember(dave, group));
  const inFreedLeaf = stateIn(await copyDatabase({ client: dave.client, group }), await headOf(dave, group));
  assert.equal(inFreedLeaf.ownLeafIndex, leaf);
  await say({ group, members: [alice, bob, dave] }, dave, "from the freed leaf");
  await until(
    "carol knows",
    async () => (await groupStatus({ client: carol.client, group })).membership === "removed",
  );
  const copy = await copyDatabase({ client: carol.client, group });
  const { reached, texts: opened } = await loot(copy, group);
  assert.ok(reached.has(last));
  for (const head of without) assert.equal(reached.has(head), false);
  assert.deepEqual(opened, new Set());

  await tidyUpLater(carol, group);
  const { epochs } = await copyDatabase({ client: carol.client, group });
  assert.equal(epochs.length, 1);
  assert.ok(epochs.every(({ epoch }) => epoch.kind === "closed" && !hasMessageKeys(epoch.state)));
  const { installations } = await groupStatus({ client: carol.client, group });
  assert.equal(installations.length, 3, "who was in it at last is known");
});
