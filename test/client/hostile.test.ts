import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { generateP256, randomBytes } from "#crypto";
import { coreOf } from "../../src/client/client.ts";
import { receivePage } from "../../src/client/links/followTopics.ts";
import { releaseHeld } from "../../src/client/messages/releaseHeld.ts";
import { generateSecp256k1PrivateKey } from "../../src/crypto/secp256k1.ts";
import {
  countOutcomes,
  groupStatus,
  listMessages,
  preferNode,
  rotateKeys,
  sendMessage,
  setOnline,
} from "../../src/index.ts";
import type { Cursor, StoredEnvelope } from "../../src/rpc/nodeApi.ts";
import type { Entry } from "../../src/wire/chainEntry.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { buildGroupEnvelope, certifyPostingKey, decodeGroupEnvelope } from "../../src/wire/groupEnvelope.ts";
import { asAddress, asId, type EntryId, type GroupId, toHex } from "../../src/wire/ids.ts";
import { receiptOf } from "../../src/wire/receipt.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import type { TestClient } from "../support/openTestClient.ts";
import { openTestGroup, type TestGroup } from "../support/openTestGroup.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { takeAgreed } from "../support/takeAgreed.ts";
import { testOriginator } from "../support/testOriginator.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

let network: TestNetwork;
let opened: TestGroup;
let alice: TestClient;
let bob: TestClient;
let group: GroupId;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
  opened = await openTestGroup({ network, names: ["alice", "bob"], finalityBlocks: 8 });
  const [first, second] = opened.members;
  assert.ok(first && second);
  [alice, bob, group] = [first, second, opened.group];
});
after(async () => {
  await opened[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
});

/** What a stranger who knows group and head can make at most. */
function strangersEnvelope(head: EntryId): Envelope {
  const { publicKey, privateKey } = generateP256();
  const certificate = certifyPostingKey({
    ...{ network: network.chain.network, group, head, postingKey: publicKey },
    authorityKey: generateSecp256k1PrivateKey(),
  });
  const privateMessage = Uint8Array.from([0, 1, 0, 2, ...randomBytes(64)]);
  const posting = { head, publicKey, privateKey, certificate };
  return buildGroupEnvelope({ network: network.chain.network, group, posting, privateMessage });
}

/** Hands a client what a hostile node would serve it. */
async function serve(
  to: TestClient,
  envelopes: readonly Omit<StoredEnvelope, "offset">[],
  cursor: Cursor = { database: toHex(randomBytes(16)), offset: 1n },
): Promise<void> {
  const core = coreOf(to.client);
  const [node] = network.nodes;
  assert.ok(node);
  await receivePage({
    core,
    api: node.api,
    signal: AbortSignal.timeout(10_000),
    page: {
      envelopes: envelopes.map((one, i) => ({ ...one, offset: BigInt(i) })),
      watermark: { cursor, vector: [] },
      more: false,
    },
  });
}

/** What the nodes hold of the group's topic. */
async function stored(): Promise<readonly StoredEnvelope[]> {
  const [node] = network.nodes;
  assert.ok(node);
  return (await node.api.query({ topics: [{ topic: groupTopic(group) }] })).envelopes;
}

/** Where the first node's arrivals end. */
async function endOfTopic(): Promise<Cursor> {
  const [node] = network.nodes;
  assert.ok(node);
  return (await node.api.query({ topics: [{ topic: groupTopic(group) }] })).watermark.cursor;
}

/** A node that the client takes for registered, and that signs for anything. */
function registeredNode({ client }: TestClient) {
  const { log, signingPublicKey, next } = testOriginator("mallory");
  const { chainId, nodeRegistry } = network.chain.network;
  coreOf(client).links.nodes.set(log.node, {
    ...{ node: log.node, operator: asAddress(new Uint8Array(20)), signingKey: toHex(signingPublicKey) },
    ...{ httpAddress: "", registeredBlock: 1, shards: "1" },
    ...{ leftBlock: 1, disabled: false },
  });
  return (envelope: Envelope) => {
    const batch = next([envelope], { chainId, nodeRegistry, anchorBlock: 1 });
    return { envelope, receipts: [receiptOf({ batch, index: 0 })] };
  };
}

async function headOf(client: TestClient): Promise<EntryId> {
  return (await groupStatus({ ...client, group })).head as EntryId;
}

test("a stranger's post is refused by nodes, and by clients if a node serves it", async () => {
  const [node] = network.nodes;
  assert.ok(node);
  const envelope = strangersEnvelope(await headOf(bob));
  const [outcome] = await node.api.publish({ envelopes: [envelope] });
  assert.ok(outcome?.kind === "refused" && outcome.code === "not-a-member");
  await serve(bob, [{ envelope, receipts: [] }]);
  const { rejected } = await countOutcomes({ ...bob, group });
  assert.deepEqual(rejected, { stranger: 1 });
});

test("junk, forged receipts, wrong keys and repeats each get their outcome", async () => {
  const said = await sendMessage({ ...alice, group, text: "true words" });
  assert.deepEqual(await said.settled, { kind: "delivered" });
  await until("at bob's", async () => (await texts(bob, group)).includes("true words"));
  const before = await countOutcomes({ ...bob, group });
  const [genuine] = (await stored()).slice(-1);
  assert.ok(genuine);
  await serve(bob, [genuine, genuine]);
  assert.deepEqual(await countOutcomes({ ...bob, group }), before);

  const { topic } = genuine.envelope;
  const decoded = decodeGroupEnvelope(genuine.envelope.payload);
  const payload = genuine.envelope.payload.slice();
  payload[payload.length - 1] = (payload.at(-1) ?? 0) ^ 1;
  const changed = { topic, payload };
  const unreceipted = { envelope: { topic, payload: randomBytes(100) }, receipts: genuine.receipts };
  await serve(bob, [{ envelope: changed, receipts: genuine.receipts }, unreceipted]);
  const after = await countOutcomes({ ...bob, group });
  assert.equal(after.rejected["bad-signature"], 1);
  assert.equal(after.rejected.malformed, 1);
  assert.equal(after.opened, before.opened);
  assert.equal(decoded.head, await headOf(bob));
});

test("what comes without a receipt first is judged again with one", async () => {
  await setOnline({ ...bob, online: false });
  const said = await sendMessage({ ...alice, group, text: "receipted" });
  assert.deepEqual(await said.settled, { kind: "delivered" });
  const [genuine] = (await stored()).slice(-1);
  assert.ok(genuine);
  await serve(bob, [{ envelope: genuine.envelope, receipts: [] }]);
  assert.equal((await countOutcomes({ ...bob, group })).rejected["no-receipt"], 1);
  await serve(bob, [genuine]);
  assert.equal((await countOutcomes({ ...bob, group })).rejected["no-receipt"], undefined);
  assert.ok((await texts(bob, group)).includes("receipted"));
  await setOnline({ ...bob, online: true });
});

test("junk for unknown heads takes one node's share; what had no room is read when its head is there", async () => {
  const [node] = network.nodes;
  await preferNode({ ...bob, group, node: node?.nodeId });
  await setOnline({ ...bob, online: false });
  const mallory = registeredNode(bob);
  const rotated = await rotateKeys({ ...alice, group });
  assert.deepEqual(await rotated.settled, { kind: "delivered" });
  const early = await sendMessage({ ...alice, group, text: "ahead of the chain" });
  assert.deepEqual(await early.settled, { kind: "delivered" });
  const later = await sendMessage({ ...alice, group, text: "left out" });
  assert.deepEqual(await later.settled, { kind: "delivered" });
  const [first, second] = (await stored()).slice(-2);
  assert.ok(first && second);
  const junk = await Promise.all(
    Array.from({ length: 520 }, async () => strangersEnvelope(asId<EntryId>(randomBytes(32)))),
  );
  await serve(
    bob,
    junk.map((envelope) => mallory(envelope)),
  );
  const full = await countOutcomes({ ...bob, group });
  assert.deepEqual([full.held, full.rejected["not-held"]], [512, 8]);
  await serve(bob, [first, mallory(second.envelope)], await endOfTopic());
  const { held, rejected } = await countOutcomes({ ...bob, group });
  assert.deepEqual([held, rejected["not-held"]], [513, 9]);
  assert.equal((await groupStatus({ ...bob, group })).gaps, 0);

  await setOnline({ ...bob, online: true });
  await until("both at bob's", async () => {
    const said = await texts(bob, group);
    return said.includes("ahead of the chain") && said.includes("left out");
  });
  await until("junk is given up", async () => (await countOutcomes({ ...bob, group })).held === 0);
  assert.equal((await countOutcomes({ ...bob, group })).rejected["unknown-head"], 512);
});

test("who has not read its own head yet tells members from strangers when it has", async () => {
  const core = coreOf(bob.client);
  const handle = core.groups.get(group);
  assert.ok(handle);
  const head = await headOf(bob);
  const strangers = (await countOutcomes({ ...bob, group })).rejected.stranger ?? 0;
  const envelope = strangersEnvelope(head);
  // Nothing else may meet a view that lacks its head.
  await setOnline({ ...bob, online: false });
  const { view } = handle;
  const entries = new Map(view.entries);
  entries.delete(head);
  handle.view = { ...view, entries };
  await serve(bob, [registeredNode(bob)(envelope)]);
  assert.equal((await countOutcomes({ ...bob, group })).held, 1);
  handle.view = { ...handle.view, entries: view.entries };
  await handle.queue.run(() => releaseHeld({ core, group: handle }));
  const counts = await countOutcomes({ ...bob, group });
  assert.deepEqual([counts.held, counts.rejected.stranger], [0, strangers + 1]);
  await setOnline({ ...bob, online: true });
});

test("a node that leaves an entry out, or makes one up, is not believed", async () => {
  const core = coreOf(bob.client);
  const handle = core.groups.get(group);
  const [node] = network.nodes;
  assert.ok(handle && node);
  const { head, block } = await groupStatus({ ...bob, group });
  const made: Entry = {
    group,
    id: asId<EntryId>(randomBytes(32)),
    parent: head,
    index: 0,
    authority: asAddress(randomBytes(20)),
    payload: randomBytes(100),
    block: { ...block, number: block.number + 1 },
    logIndex: 0,
  };
  const from = (await node.api.fetchEntries({ group, recent: [] })).entries.map(
    ({ block: { number, hash }, logIndex }) => ({ block: number, blockHash: hash, logIndex }),
  );
  const page = { from: from.at(-1), entries: [made], more: false, head: made.block };
  const signal = AbortSignal.timeout(10_000);
  const reader = { core, group: handle, api: node.api, reading: { inboxes: new Map() }, signal };
  await assert.rejects(takeAgreed({ ...reader, page }), { code: "malformed" });
  assert.equal((await groupStatus({ ...bob, group })).head, head);
  const said = await sendMessage({ ...alice, group, text: "as before" });
  assert.deepEqual(await said.settled, { kind: "delivered" });
  await until("at bob's", async () => (await texts(bob, group)).includes("as before"));
  assert.ok((await listMessages({ ...bob, group })).every(({ kind }) => kind === "message"));
});
