import assert from "node:assert/strict";
import { test } from "node:test";
import { peerIdFromString } from "@libp2p/peer-id";
import { randomBytes } from "#crypto";
import { messageId } from "../../src/mesh/gossip.ts";
import { logStateOf } from "../../src/store/node/logStore.ts";
import { hasEnvelopes } from "../../src/store/node/receiptsOf.ts";
import { encodeBatch } from "../../src/wire/batch.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import { registeredNode } from "../support/registeredNode.ts";
import { startHostilePeer } from "../support/startHostilePeer.ts";
import { startTestMesh, type TestMesh } from "../support/startTestMesh.ts";
import { testDirectory } from "../support/testDirectory.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";
import { until } from "../support/until.ts";

/** So long that sync has no part in a test. */
const NO_SYNC_MS = 3_600_000;

const envelope = (text: string) => testEnvelope({ topic: 1, text });
const next = (node: TestMesh, of: TestMesh): bigint => logStateOf(node.store.state, of.originator.log).next;

test("three nodes find each other through the registry and gossip their logs", async () => {
  const directory = testDirectory();
  const syncPeriodMs = NO_SYNC_MS;
  await using a = await startTestMesh({ name: "a", directory, syncPeriodMs });
  await using b = await startTestMesh({ name: "b", directory, syncPeriodMs });
  await using c = await startTestMesh({ name: "c", directory, syncPeriodMs });
  const nodes = [a, b, c];
  for (const node of nodes) node.register(directory);
  await until("all are connected", () => nodes.every(({ mesh }) => mesh.peers().length === 2));
  // a message that gossip loses while its streams open comes by the exchange of heads on connect
  for (const node of nodes) for (let i = 0; i < 20; i++) await node.publish([envelope(`${i}`)]);
  await until("gossip has brought the last ones", () =>
    nodes.every((node) =>
      nodes.every((of) => logStateOf(node.store.state, of.originator.log).highest === 20n),
    ),
  );
  await Promise.all(nodes.map(({ mesh }) => mesh.syncNow()));
  await until("all hold all", () => nodes.every((node) => nodes.every((of) => next(node, of) === 20n)));
});

test("bad bytes by gossip: each named, nothing stored, nothing forwarded, and the sender is heard no more", async () => {
  const directory = testDirectory();
  await using a = await startTestMesh({ name: "a", directory });
  a.register(directory);
  const stranger = testOriginator("stranger");
  const good = stranger.next([envelope("0")]);
  const bytes = encodeBatch(good);
  // a message's id is its header's, so each case needs a header of its own
  const trailing = Uint8Array.of(...encodeBatch(stranger.next([envelope("1")])), 0);
  const swapped = encodeBatch({ ...stranger.next([envelope("2")]), envelopes: [envelope("3")] });
  const huge = stranger.next(Array.from({ length: 4 }, (_, i) => envelope(`${i}`.padEnd(100_000))));
  const { originator } = a;
  const asA = testOriginator("forger").next([envelope("0")], { node: originator.log.node });
  const cases: [string, Uint8Array[]][] = [
    ["malformed", [randomBytes(100), Uint8Array.of(0)]],
    ["malformed", [trailing, swapped]],
    ["too-large", [encodeBatch(huge)]],
    ["bad-signature", [encodeBatch(asA)]],
    ["wrong-shard", [encodeBatch(testOriginator("x").next([envelope("0")], { shard: 3 }))]],
  ];
  for (const [reason, messages] of cases) {
    await using hostile = await startHostilePeer();
    hostile.register(directory);
    await hostile.join({ addresses: a.mesh.multiaddrs(), peerId: a.mesh.peerId });
    const before = a.mesh.counts.get(reason) ?? 0;
    for (const message of messages) await hostile.gossip(message);
    const expected = before + messages.length;
    await until(`${reason} is counted`, () => (a.mesh.counts.get(reason) ?? 0) === expected);
  }
  assert.equal(a.store.state.nextOffset, 0n);

  // nobody knows the stranger yet: parked, and stored once the registry comes
  await using hostile = await startHostilePeer();
  hostile.register(directory);
  await hostile.join({ addresses: a.mesh.multiaddrs(), peerId: a.mesh.peerId });
  await hostile.gossip(bytes);
  await until("it is parked", () => a.mesh.counts.get("unregistered-originator") === 1);
  directory.set(registeredNode(stranger, { peerId: "0x00", multiaddrs: ["not an address"] }));
  await until("it is stored", () => a.mesh.counts.get("stored") === 1);
  assert.deepEqual(await hasEnvelopes({ store: a.store, hashes: [envelopeHash(envelope("0"))] }), [true]);

  // forgeries cost the sender its voice
  const rejected = () => a.mesh.counts.get("malformed") ?? 0;
  await until("the forger is heard no more", async () => {
    const before = rejected();
    for (let i = 0; i < 5; i++) await hostile.gossip(randomBytes(50));
    // a round trip over the same connection
    await hostile.libp2p.services.ping.ping(peerIdFromString(a.mesh.peerId));
    return rejected() === before;
  });
});

test("a message's id leaves the signature out", () => {
  const batch = testOriginator("a").next([envelope("0")]);
  const other = { ...batch, signature: randomBytes(64) };
  assert.deepEqual(messageId(encodeBatch(batch)), messageId(encodeBatch(other)));
  const second = testOriginator("a").next([envelope("1")]);
  assert.notDeepEqual(messageId(encodeBatch(batch)), messageId(encodeBatch(second)));
});
