import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { peerIdFromString } from "@libp2p/peer-id";
import { multiaddr } from "@multiformats/multiaddr";
import { isWeftError } from "../../src/errors.ts";
import { openAdmission } from "../../src/mesh/admission.ts";
import { peerIdOf, peerIdText } from "../../src/mesh/peerId.ts";
import { logStateOf } from "../../src/store/node/logStore.ts";
import { toHex } from "../../src/wire/ids.ts";
import { signPeerProof } from "../../src/wire/peerProof.ts";
import { registeredNode } from "../support/registeredNode.ts";
import { startHostilePeer } from "../support/startHostilePeer.ts";
import { startTestMesh, type TestMesh } from "../support/startTestMesh.ts";
import { testDirectory } from "../support/testDirectory.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";
import { until } from "../support/until.ts";

const envelope = (text: string) => testEnvelope({ topic: 1, text });
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === "::1"),
);
const skip = hasIpv6 ? false : "this machine has no [::1]";
const connected = (a: TestMesh, b: TestMesh): boolean => a.mesh.peers().includes(b.mesh.peerId);

test("whom the registry does not name is refused, both ways, and told by its code", async () => {
  const warnings: object[] = [];
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields: object) => warnings.push(fields),
  };
  const directory = testDirectory();
  await using a = await startTestMesh({ name: "a", directory, logger });
  a.register(directory);
  await using stranger = await startHostilePeer();
  const target = a.mesh.multiaddrs().map((address) => multiaddr(address));
  const { peerId } = stranger.libp2p;
  await stranger.libp2p.dial(target).catch(() => undefined);
  await until("it is refused", () => (a.mesh.refused.get(peerId.toString()) ?? 0) > 0);
  await until("it is not connected", () => stranger.libp2p.getConnections().length === 0);
  assert.deepEqual(a.mesh.peers(), []);
  const [warning] = warnings as { code: string; peerId: string; hint: string }[];
  assert.equal(warning?.code, "unregistered-peer");
  assert.match(warning?.hint ?? "", /NodeRegistry/);

  // once registered it is welcome, and no more when it leaves
  stranger.register(directory);
  await until("it is connected", () => a.mesh.peers().includes(peerId.toString()));
  const [record] = directory.nodes().filter(({ peerId: bytes }) => peerIdText(bytes) === peerId.toString());
  assert.ok(record);
  directory.set({ ...record, leavingBlock: 12 });
  await until("it is gone", () => a.mesh.peers().length === 0);
});

test("a link that is cut and mended: apart each goes on, together both hold all", async () => {
  const directory = testDirectory();
  let apart = false;
  const mayConnect = () => !apart;
  await using a = await startTestMesh({ name: "a", directory, mayConnect });
  await using b = await startTestMesh({ name: "b", directory, mayConnect });
  for (const node of [a, b]) node.register(directory);
  await until("they are connected", () => connected(a, b) && connected(b, a));
  apart = true;
  a.mesh.refreshPeers();
  await until("they are apart", () => !connected(a, b) && !connected(b, a));
  await a.publish([envelope("from a")]);
  await b.publish([envelope("from b")]);
  await a.mesh.syncNow();
  assert.equal(logStateOf(b.store.state, a.originator.log).next, 0n);
  apart = false;
  const holds = (node: TestMesh, of: TestMesh) => logStateOf(node.store.state, of.originator.log).next === 1n;
  await until("both hold both", () => holds(a, b) && holds(b, a));
});

test("peers that listen on IPv6 only find each other and give each other their logs", { skip }, async () => {
  const directory = testDirectory();
  const listen = ["/ip6/::1/tcp/0"];
  await using a = await startTestMesh({ name: "a", directory, listen });
  await using b = await startTestMesh({ name: "b", directory, listen });
  assert.match(a.mesh.multiaddrs().join(), /^\/ip6\/::1\/tcp\/\d+/);
  for (const node of [a, b]) node.register(directory);
  await until("they are connected", () => connected(a, b) && connected(b, a));
  await a.publish([envelope("over IPv6")]);
  await until("b has it", () => logStateOf(b.store.state, a.originator.log).next === 1n);
});

test("a peer whose gossip stream died is connected again and hears gossip", async () => {
  const directory = testDirectory();
  await using a = await startTestMesh({ name: "a", directory });
  await using peer = await startHostilePeer();
  for (const node of [a, peer]) node.register(directory);
  await peer.join({ addresses: a.mesh.multiaddrs(), peerId: a.mesh.peerId });
  const gossipStreams = () =>
    peer.libp2p
      .getConnections(peerIdFromString(a.mesh.peerId))
      .flatMap(({ streams }) => streams)
      .filter(({ protocol, direction }) => protocol.startsWith("/meshsub/") && direction === "inbound");
  await until("a's stream is there", () => gossipStreams().length > 0);
  const dead = gossipStreams();
  for (const stream of dead) stream.abort(new Error("cut by the test"));
  await until("a has opened another one", () =>
    gossipStreams().some((stream) => !dead.includes(stream) && stream.status === "open"),
  );
  const heard: Uint8Array[] = [];
  peer.libp2p.services.gossip.addEventListener("message", ({ detail }) => heard.push(detail.data));
  await until("gossip is heard", async () => {
    await a.publish([envelope(`${heard.length}`)]);
    return heard.length > 0;
  });
});

test("peer ids: the registry's bytes give the text again; anything else gives none", async () => {
  const { text, bytes } = await peerIdOf({ privateKey: new Uint8Array(32).fill(7) });
  assert.equal(peerIdText(toHex(bytes)), text);
  for (const wrong of ["0x", "0x1220", toHex(bytes.subarray(0, 20)), toHex(new Uint8Array(38))] as const) {
    assert.equal(peerIdText(wrong), undefined);
  }
});

test("who claims another's peer id is dialed by nobody for it, and the other stays where it is", async () => {
  const directory = testDirectory();
  const [honest, claimant] = [testOriginator("honest"), testOriginator("claimant")];
  const privateKey = new Uint8Array(32).fill(7);
  const { text, bytes } = await peerIdOf({ privateKey });
  const peerId = toHex(bytes);
  const proof = signPeerProof({ network: testNetwork, node: honest.log.node, privateKey });
  const [good, forged] = [toHex(proof), toHex(proof.toReversed())];
  const multiaddrs = ["/ip4/192.0.2.1/tcp/7400"];
  const elsewhere = ["/ip4/203.0.113.9/tcp/1"];
  const mayConnect = () => true;
  const whom = { network: testNetwork, directory, ownPeerId: "own", mayConnect };
  const admission = openAdmission({ ...whom, logger: silent });
  for (const peerProof of [good, forged, "0x"] as const) {
    directory.set(registeredNode(claimant, { peerId, peerProof, multiaddrs: elsewhere }));
    directory.remove(honest.log.node);
    assert.ok(!admission.admits(text), "a claim lets nobody in");
    directory.set(registeredNode(honest, { peerId, peerProof: good, multiaddrs }));
    assert.deepEqual([...admission.peers()], [[text, multiaddrs]]);
  }
});

test("an address that is taken is a configuration error", async () => {
  const directory = testDirectory();
  await using a = await startTestMesh({ name: "a", directory });
  const [address = ""] = a.mesh.multiaddrs();
  const listen = [address.replace(/\/p2p\/.*/, "")];
  await assert.rejects(startTestMesh({ name: "b", directory, listen }), (error: unknown) =>
    isWeftError(error, "bad-config"),
  );
});
