import assert from "node:assert/strict";
import { test } from "node:test";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { logHeads, logStateOf } from "../../src/store/node/logStore.ts";
import { bitmapOf, shardOfTopic } from "../../src/wire/shards.ts";
import { registeredNode } from "../support/registeredNode.ts";
import { startTestMesh, type TestMesh } from "../support/startTestMesh.ts";
import { testDirectory } from "../support/testDirectory.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";
import { until } from "../support/until.ts";

const network = { ...testNetwork, shards: 4 };

function envelopeIn(shard: number, text: string) {
  for (let topic = 0; topic < 256; topic++) {
    const envelope = testEnvelope({ topic, text });
    if (shardOfTopic({ topic: envelope.topic, shards: 4 }) === shard) return envelope;
  }
  return assert.fail();
}

const shardsHeld = ({ store }: TestMesh) => [...new Set(logHeads(store).map(({ log }) => log.shard))].sort();

test("peers tell each other of the logs in shards that both serve, and hear no others", async () => {
  const directory = testDirectory();
  const start = async (name: string, shards: number[]) => {
    const node = await startTestMesh({ name, directory, network, shards });
    return { node, shards };
  };
  const opened = await Promise.all([start("a", [0, 1]), start("b", [1, 2]), start("c", [2])]);
  await using stack = new AsyncDisposableStack();
  for (const { node } of opened) stack.use(node);
  const [a, b, c] = opened.map(({ node }) => node);
  assert.ok(a && b && c);
  for (const { node, shards } of opened) {
    node.register(directory);
    const registered = directory.nodes().find((one) => one.node === node.originator.log.node);
    directory.set({ ...(registered ?? assert.fail()), shards: `${bitmapOf(shards)}` });
  }
  const gone = testOriginator("gone");
  directory.set(registeredNode(gone, { shards: "15" }));
  const logIn = (shard: number) => ({ ...gone.log, shard });
  for (const shard of [0, 1, 2]) {
    const batch = gone.next([envelopeIn(shard, "first")], { shard, firstSequence: 0n });
    await appendPeerBatch({ store: (shard === 2 ? b : a).store, batch });
  }
  await until("b has a's logs of shard 1, c has b's of shard 2", () =>
    [b, c].every((node, i) => logStateOf(node.store.state, logIn(i + 1)).next === 1n),
  );
  await Promise.all([a, b, c].map(({ mesh }) => mesh.syncNow()));
  assert.deepEqual([a, b, c].map(shardsHeld), [[0, 1], [1, 2], [2]]);
  const heard = c.originator.next([envelopeIn(2, "by gossip")], { shard: 2, firstSequence: 0n });
  await appendPeerBatch({ store: c.store, batch: heard });
  c.mesh.publishBatch(heard);
  await until("it came", () => logStateOf(b.store.state, { ...c.originator.log, shard: 2 }).next === 1n);
  assert.deepEqual(shardsHeld(a), [0, 1]);
});

test("a node's own head is confirmed by peers that serve the shard only: others have nothing of it, or all that is left", async () => {
  const directory = testDirectory();
  await using a = await startTestMesh({ name: "a", directory, network, shards: [0, 1] });
  await using b = await startTestMesh({ name: "b", directory, network, shards: [1] });
  for (const node of [a, b]) node.register(directory);
  const [first, second] = directory.nodes();
  directory.set({ ...(first ?? assert.fail()), shards: "3" });
  directory.set({ ...(second ?? assert.fail()), shards: "2" });
  await until("connected", () => a.mesh.peers().length === 1);
  const own = (shard: number) => a.mesh.fetchOwnHead({ log: { ...a.originator.log, shard }, timeoutMs: 200 });
  assert.deepEqual(await own(0), { kind: "no-answer" });
  assert.deepEqual(await own(1), { kind: "whole", next: 0n, answers: 1 });
  // It served the shard before.
  await using c = await startTestMesh({ name: "c", directory, network, shards: [0] });
  c.register(directory);
  await until("connected", () => a.mesh.peers().length === 2);
  await appendPeerBatch({
    store: b.store,
    batch: a.originator.next([envelopeIn(0, "signed")], { shard: 0 }),
  });
  assert.deepEqual(await own(0), { kind: "whole", next: 1n, answers: 1 });
});
