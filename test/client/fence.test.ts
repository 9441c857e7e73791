import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { generateP256, randomBytes } from "#crypto";
import { coreOf } from "../../src/client/client.ts";
import type { Branch } from "../../src/client/groups/branch.ts";
import { postingCredentialOf } from "../../src/client/groups/epochSecrets.ts";
import { readState } from "../../src/client/groups/epochStates.ts";
import { receivePage } from "../../src/client/links/followTopics.ts";
import { fenceBlock } from "../../src/client/messages/fence.ts";
import type { EntryRecord } from "../../src/client/tables.ts";
import type { KnownInbox } from "../../src/identity/inbox.ts";
import {
  countOutcomes,
  groupStatus,
  listMembers,
  listMessages,
  removeMembers,
  revokeInstallation,
  rotateKeys,
  sendMessage,
  setOnline,
} from "../../src/index.ts";
import { sealMessage } from "../../src/mls/sealMessage.ts";
import type { StoredEnvelope } from "../../src/rpc/nodeApi.ts";
import {
  type MessageBody,
  type MessageContent,
  messageIdOf,
  writeApplicationMessage,
} from "../../src/wire/applicationMessage.ts";
import { buildBatch } from "../../src/wire/batch.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { buildGroupEnvelope } from "../../src/wire/groupEnvelope.ts";
import {
  asAddress,
  asId,
  type EntryId,
  fromHex,
  type GroupId,
  type InboxId,
  type InstallationKey,
  type MessageId,
  toHex,
} from "../../src/wire/ids.ts";
import { receiptOf } from "../../src/wire/receipt.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember, openTestGroup } from "../support/openTestGroup.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { testId } from "../support/testIntent.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" } as const;

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

/** What a client that does not care where it stands seals to an epoch that it was in. */
async function sealAt(params: {
  by: TestClient;
  group: GroupId;
  head: EntryId;
  body: MessageBody;
}): Promise<{ envelope: Envelope; id: MessageId }> {
  const { by, group, head, body } = params;
  const core = coreOf(by.client);
  const cache = core.groups.get(group)?.epochs ?? new Map();
  const state = await readState({ database: core.database, group, cache, head });
  assert.ok(state);
  const { key, privateKey } = core.self.installation;
  const content: MessageContent = {
    ...{ group, inbox: by.client.inbox, installation: key, nonce: toHex(randomBytes(16)) },
    ...{ depth: 1, parents: [], sentAtMs: Date.now(), body },
  };
  const { newState, message: privateMessage } = sealMessage({
    state,
    plaintext: writeApplicationMessage({ content, replaces: [] }),
    authenticatedData: new Uint8Array(0),
    signatureKey: { publicKey: fromHex(key), privateKey },
    padding: 0,
  });
  cache.set(head, { kind: "open", state: newState });
  const posting = postingCredentialOf({ network: core.network, group, head, state });
  const envelope = buildGroupEnvelope({ network: core.network, group, posting, privateMessage });
  return { envelope, id: messageIdOf(content) };
}

/** Straight to a node, which knows that the head is an entry of the group and no more. */
async function post(envelope: Envelope): Promise<void> {
  const [node] = network.nodes;
  assert.ok(node);
  const [outcome] = await node.api.publish({ envelopes: [envelope] });
  assert.equal(outcome?.kind, "acknowledged");
}

/** Hands a client what its node would serve it. */
async function serve(to: TestClient, stored: Omit<StoredEnvelope, "offset">): Promise<void> {
  const [node] = network.nodes;
  assert.ok(node);
  const cursor = { database: toHex(randomBytes(16)), offset: 1n };
  await receivePage({
    core: coreOf(to.client),
    api: node.api,
    signal: AbortSignal.timeout(10_000),
    page: { envelopes: [{ ...stored, offset: 0n }], watermark: { cursor, vector: [] }, more: false },
  });
}

/** A receipt by a registered node whose index stands at `anchorBlock`; the client is told of the node. */
function receiptBy(to: TestClient, envelope: Envelope, anchorBlock: number) {
  const { links, network: where } = coreOf(to.client);
  const { publicKey, privateKey } = generateP256();
  const known = [...links.nodes.values()][0];
  assert.ok(known);
  const node = asId<typeof known.node>(randomBytes(32));
  const left = { leftBlock: 1, httpAddress: "" };
  links.nodes.set(node, { ...known, ...left, node, signingKey: toHex(publicKey) });
  const batch = buildBatch({
    header: {
      ...{ node, generation: 1n, shard: 0, firstSequence: 0n, previous: `0x${"00".repeat(32)}` },
      ...{ chainId: where.chainId, nodeRegistry: where.nodeRegistry },
      ...{ anchorBlock, anchorHash: toHex(randomBytes(32)), timeMs: Date.now() },
    },
    envelopes: [envelope],
    signingKey: privateKey,
  });
  return receiptOf({ batch, index: 0 });
}

async function statesOf({ client }: TestClient, group: GroupId): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const item of await listMessages({ client, group })) {
    if (item.kind === "message") counts[item.state] = (counts[item.state] ?? 0) + 1;
  }
  return counts;
}

test("what a removed member seals to the old epoch is fenced for all; one older receipt is enough", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob", "carol"] });
  const { group, members } = opened;
  const [alice, bob, carol] = members;
  assert.ok(alice && bob && carol);
  const early = await sendMessage({ ...bob, group, text: "while I was in" });
  assert.deepEqual(await early.settled, delivered);
  const head = (await groupStatus({ ...bob, group })).head as EntryId;
  await setOnline({ ...bob, online: false });
  const late = await sendMessage({ ...bob, group, text: "honest, and late" });
  await until("carol at bob's epoch", async () => (await texts(carol, group)).length === 1);
  await setOnline({ ...carol, online: false });
  const removal = await removeMembers({ ...alice, group, members: [bob.client.inbox] });
  assert.deepEqual(await removal.settled, delivered);
  const [node] = network.nodes;
  const entry = (await groupStatus({ ...alice, group })).head as EntryId;
  const fence = (await node?.api.getEntry({ group, id: entry }))?.block ?? 0;

  const word = await sealAt({ by: bob, group, head, body: { kind: "text", text: "still here" } });
  const rude = await sealAt({ by: bob, group, head, body: { kind: "text", text: "rude" } });
  const undo = { kind: "delete-own", message: early.messageId } as const;
  const deletion = await sealAt({ by: bob, group, head, body: undo });
  for (const { envelope } of [word, rude, deletion]) await post(envelope);
  await until("fenced at alice's", async () => (await countOutcomes({ ...alice, group })).fenced === 3);
  assert.deepEqual(await texts(alice, group), ["while I was in"]);
  assert.deepEqual(await statesOf(alice, group), { visible: 1, fenced: 2 });

  // Carol hears them before she hears of the removal: they count until she does.
  for (const { envelope } of [word, rude, deletion]) {
    await serve(carol, { envelope, receipts: [receiptBy(carol, envelope, fence)] });
  }
  assert.deepEqual(await statesOf(carol, group), { deleted: 1, visible: 2 });
  await setOnline({ ...carol, online: true });
  await until("fenced at carol's", async () => (await countOutcomes({ ...carol, group })).fenced === 3);
  assert.deepEqual(await statesOf(carol, group), { visible: 1, fenced: 2 });

  // A node had taken one of them in time.
  for (const to of [alice, carol]) {
    await serve(to, { envelope: word.envelope, receipts: [receiptBy(to, word.envelope, fence - 1)] });
    await serve(to, { envelope: rude.envelope, receipts: [receiptBy(to, rude.envelope, fence)] });
    assert.deepEqual((await texts(to, group)).toSorted(), ["still here", "while I was in"]);
    assert.equal((await countOutcomes({ ...to, group })).fenced, 2);
  }
  await until("both at the new head", async () => {
    const { epoch } = await groupStatus({ ...carol, group });
    return epoch === (await groupStatus({ ...alice, group })).epoch;
  });
  const [a, c] = await Promise.all([alice, carol].map((one) => groupStatus({ ...one, group })));
  for (const [epoch, digest] of a?.digests ?? []) assert.equal(c?.digests.get(epoch), digest);

  await setOnline({ ...bob, online: true });
  assert.deepEqual(await late.settled, { kind: "failed", reason: "removed" });
});

test("what a revoked device seals after its revocation is fenced for all", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  await using second = await openTestClient({ network, name: "alice/2", privateKey: alice.privateKey });
  await until("the second device in the group", () => isMember(second, group));
  await until("bob there", async () => (await listMembers({ ...bob, group }))[0]?.installations === 2);
  const good = await sendMessage({ ...second, group, text: "before" });
  assert.deepEqual(await good.settled, delivered);
  const head = (await groupStatus({ ...second, group })).head as EntryId;
  await setOnline({ ...second, online: false });
  const { installation } = second.client;
  const revocation = await revokeInstallation({ ...alice, installation });
  assert.deepEqual(await revocation.settled, delivered);
  const said = await sealAt({ by: second, group, head, body: { kind: "text", text: "after" } });
  await post(said.envelope);
  for (const one of [alice, bob]) {
    await until("fenced", async () => (await countOutcomes({ ...one, group })).fenced === 1);
    assert.deepEqual(await texts(one, group), ["before"]);
  }
  const rotated = await rotateKeys({ ...alice, group });
  assert.deepEqual(await rotated.settled, delivered);
});

const installation = testId<InboxId>(1) as string as InstallationKey;
const sender = { inbox: testId<InboxId>(1), installation };
const other = { inbox: testId<InboxId>(2), installation: testId<InboxId>(2) as string as InstallationKey };

const nobody = asAddress(new Uint8Array(20));

/** A branch whose commits take out those who are named, each in its block. */
function branchOf(commits: readonly { block: number; removes: readonly (typeof sender)[] }[]): Branch {
  const first = { head: testId<EntryId>(100), epoch: 1, entry: undefined };
  const steps = commits.map(({ block, removes }, i) => {
    const head = testId<EntryId>(101 + i);
    const verdict = { kind: "adopted", epoch: 2 + i, writer: other, adds: [], removes } as const;
    const entry: EntryRecord = {
      ...{ id: head, parent: testId<EntryId>(100 + i), index: 0, authority: nobody, logIndex: 0, verdict },
      block: { number: block, hash: "0x", time: block },
    };
    return { head, epoch: 2 + i, entry };
  });
  const all = [first, ...steps];
  return { steps: all, places: new Map(all.map(({ head }, place) => [head, place])) };
}

function inboxWith(revokedBlock: number | undefined): KnownInbox {
  return { inbox: sender.inbox, installations: [{ installation, addedBlock: 1, revokedBlock }] };
}

test("the fence is the first removal after the message's own epoch, or an earlier revocation", () => {
  const branch = branchOf([
    { block: 10, removes: [other] },
    { block: 20, removes: [sender] },
    { block: 30, removes: [] },
    { block: 40, removes: [sender, other] },
  ]);
  const at = (epoch: number, inbox?: KnownInbox) =>
    fenceBlock({ branch, head: testId<EntryId>(99 + epoch), sender, inbox });
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((epoch) => at(epoch)),
    [20, 20, 40, 40, undefined],
  );
  assert.equal(at(1, inboxWith(undefined)), 20);
  assert.equal(at(1, inboxWith(15)), 15);
  assert.equal(at(1, inboxWith(25)), 20);
  assert.equal(at(5, inboxWith(45)), 45);
  const unknown = fenceBlock({ branch, head: testId<EntryId>(7), sender, inbox: inboxWith(5) });
  assert.equal(unknown, undefined);
});
