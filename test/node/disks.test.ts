import assert from "node:assert/strict";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { randomBytes } from "#crypto";
import type { PublishOutcome } from "../../src/rpc/nodeApi.ts";
import { openChainIndex } from "../../src/store/node/chainIndex.ts";
import { dropPayloads } from "../../src/store/node/keepPayloads.ts";
import { entriesOf } from "../../src/store/node/readEntries.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { type Envelope, envelopeHash } from "../../src/wire/envelope.ts";
import { asId } from "../../src/wire/ids.ts";
import { groupInfoTopic, groupTopic, welcomeTopic } from "../../src/wire/topic.ts";
import { buildGroupInfoEnvelope, buildWelcomeEnvelope } from "../../src/wire/welcomePayload.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { relayed, startTestConversation, type TestConversation } from "../support/startTestConversation.ts";
import { startTestNode, type TestNode } from "../support/startTestNode.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { testEntry } from "../support/testGroup.ts";
import { until } from "../support/until.ts";

const LITTLE = { strangerBytesBurst: "60000", allStrangerBytesBurst: "200000", finalityBlocks: "2" };

let chain: TestChain;
let first: TestNode;
let second: TestNode;
let conversation: TestConversation;

before(async () => {
  chain = await startTestChain();
  first = await startTestNode({ chain, account: 1, chosen: LITTLE });
  second = await startTestNode({ chain, account: 2 });
  conversation = await startTestConversation({ network: chain.network, api: first.api });
});

after(async () => {
  await second[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  await chain[Symbol.asyncDispose]();
});

const has = async (node: TestNode, envelope: Envelope): Promise<boolean> =>
  (await node.api.hasEnvelopes({ hashes: [envelopeHash(envelope)] }))[0] === true;

const codeOf = (outcome: PublishOutcome | undefined): string | undefined =>
  outcome?.kind === "refused" ? outcome.code : outcome?.kind;

async function publish(node: TestNode, envelope: Envelope): Promise<string | undefined> {
  const [outcome] = await node.api.publish({ envelopes: [envelope] });
  return codeOf(outcome);
}

async function page(node: TestNode, path: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${node.metricsUrl}${path}`);
  return { status: answer.status, text: await answer.text() };
}

test("a stranger's flood ends at its share, and what a member says reaches the other node", async () => {
  const junk = (i: number): Envelope =>
    i % 2 === 0
      ? buildGroupInfoEnvelope({
          topic: groupInfoTopic(randomBytes(32)),
          index: 0,
          ciphertext: randomBytes(8_000),
        })
      : buildWelcomeEnvelope({
          topic: welcomeTopic(asId(randomBytes(32))),
          encapsulatedKey: randomBytes(1120),
          ciphertext: randomBytes(7_000),
          viewTag: 0,
        });
  const envelopes = Array.from({ length: 12 }, (_, i) => junk(i));
  const codes = (await first.api.publish({ envelopes })).map(codeOf);
  const taken = envelopes.filter((_, i) => codes[i] === "acknowledged");
  assert.ok(taken.length > 4 && taken.length < 9, `${taken.length} were taken`);
  assert.equal(codes.at(-1), "limit-exceeded");
  const message = conversation.post("in spite of it");
  assert.equal(await publish(first, message), "acknowledged");
  await until("the message at the other node", () => has(second, message));
  for (const envelope of taken) await until("what was taken", () => has(second, envelope));
  assert.equal(await publish(first, taken[0] ?? message), "acknowledged", "what is stored costs nothing");
  const bucket = welcomeTopic(asId(randomBytes(32)));
  const stray = buildWelcomeEnvelope({
    topic: bucket.with(20, 1),
    ...{ encapsulatedKey: randomBytes(1120), ciphertext: randomBytes(100), viewTag: 0 },
  });
  assert.equal(await publish(second, stray), "malformed", "in no bucket");
});

test("below the mark a node takes nothing to publish and says so, and still serves and stores what others have", async () => {
  const { bavail, bsize } = await statfs(first.dataDir);
  const freeDiskBytes = `${Math.round(bavail * bsize * 1.5)}`;
  await using low = await startTestNode({ chain, account: 3, chosen: { freeDiskBytes } });
  assert.equal(await publish(low, conversation.post("no room")), "disk-low");
  const message = conversation.post("by way of another");
  assert.equal(await publish(first, message), "acknowledged");
  await until("the message where room is scarce", () => has(low, message));
  const { envelopes } = await low.api.query({ topics: [{ topic: groupTopic(conversation.group) }] });
  assert.ok(envelopes.length > 0);
  assert.equal(await publish(low, message), "acknowledged", "that has its receipt");
  const ready = await page(low, "/readyz");
  assert.equal(ready.status, 200);
  assert.match(ready.text, /nothing is published here \(disk-low\): its disk has room for \d+ MB/);
  assert.match((await page(low, "/metrics")).text, /weft_disk_low 1\n/);
  assert.match((await page(first, "/metrics")).text, /weft_disk_low 0\n/);
});

test("without room nothing of others is stored; it comes by sync, and dropped entries come from the chain", async () => {
  await using directory = await temporaryDirectory();
  const place = { chain, account: 4, dataDir: directory.path };
  const message = conversation.post("while it has no room");
  const { group, first: root } = conversation;
  const { append, id } = testEntry({
    network: chain.network,
    group,
    parent: root.id,
    signer: root.authority,
  });
  {
    const chosen = { freeDiskBytes: `${10 ** 15}`, finalityBlocks: "2" };
    await using full = await startTestNode({ ...place, chosen });
    await relayed({ api: full.api, entry: { ...root, append, id } });
    const headOf = async () => (await full.api.getNode({})).head?.number ?? 0;
    const final = (await headOf()) + 2;
    await until("the entry is final", async () => (await headOf()) >= final);
    assert.equal(await publish(first, message), "acknowledged");
    // What is said before the two have met in the mesh is not brought to it.
    await until("what is said is brought to it and left", async () => {
      if (/outcome="disk-low"\} [1-9]/.test((await page(full, "/metrics")).text)) return true;
      await publish(first, conversation.post("once more"));
      return false;
    });
    assert.equal(await has(full, message), false);
  }
  const before = await first.api.fetchEntries({ group, recent: [] });
  const path = join(directory.path, "database");
  {
    await using database = await openDatabase({ path, kind: "node", network: chain.network });
    const index = await openChainIndex({ database });
    const signal = new AbortController().signal;
    const long = { index, before: Number.MAX_SAFE_INTEGER, signal };
    assert.equal(await dropPayloads({ ...long, isRead: () => true }), 0);
    assert.equal(await dropPayloads({ ...long, before: 0, isRead: () => false }), 0);
    assert.equal(await dropPayloads({ ...long, isRead: () => false }), 1);
    const left = await entriesOf({ index, group, recent: [], maxBytes: 1e6 });
    assert.deepEqual([left.entries.length, left.dropped.length], [0, 2]);
  }
  await using node = await startTestNode({ ...place, chosen: { freeDiskBytes: "0", finalityBlocks: "2" } });
  await until("what it had no room for", () => has(node, message));
  assert.equal((await node.api.getEntry({ group, id })).known, true, "what it knows of them stays");
  const after = await node.api.fetchEntries({ group, recent: [] });
  assert.deepEqual(after.entries, before.entries);
  assert.equal(after.entries.length, 2);
});
