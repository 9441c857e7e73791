import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection } from "node:net";
import { test } from "node:test";
import { peerIdFromString } from "@libp2p/peer-id";
import { multiaddr } from "@multiformats/multiaddr";
import { SYNC_PROTOCOL } from "../../src/mesh/syncMessages.ts";
import { type HostilePeer, startHostilePeer } from "../support/startHostilePeer.ts";
import { startTestMesh, type TestMesh } from "../support/startTestMesh.ts";
import { testDirectory } from "../support/testDirectory.ts";
import { until } from "../support/until.ts";

async function dial(hostile: HostilePeer, mesh: TestMesh) {
  const addresses = mesh.mesh.multiaddrs().map((address) => multiaddr(address));
  return await hostile.libp2p.dial(addresses, { force: true });
}

test("handshakes that never begin keep no registered peer out", async () => {
  const directory = testDirectory();
  await using mesh = await startTestMesh({ name: "a", directory });
  await using hostile = await startHostilePeer();
  hostile.register(directory);
  const port = Number(/tcp\/(\d+)/.exec(mesh.mesh.multiaddrs()[0] ?? "")?.[1]);
  const silent = Array.from({ length: 30 }, () => createConnection(port));
  for (const socket of silent) socket.on("error", () => undefined);
  await Promise.all(silent.map((socket) => once(socket, "connect")));
  assert.equal((await dial(hostile, mesh)).status, "open");
  for (const socket of silent) socket.destroy();
});

test("a peer has few connections, and few streams on each, however many it opens", async () => {
  const directory = testDirectory();
  await using mesh = await startTestMesh({ name: "a", directory, syncPeriodMs: 60_000 });
  await using hostile = await startHostilePeer();
  hostile.register(directory);
  const peerId = peerIdFromString(mesh.mesh.peerId);
  const open = () => hostile.libp2p.getConnections(peerId).filter(({ status }) => status === "open");
  let refused = 0;
  // At the same time they would be one.
  for (let i = 0; i < 8; i++) await dial(hostile, mesh).catch(() => refused++);
  await until("the others closed", () => open().length <= 4);
  assert.ok(open().length > 0, `${refused} were refused`);
  const [connection] = open();
  assert.ok(connection !== undefined);
  const opened = await Promise.allSettled(
    Array.from({ length: 60 }, () => connection.newStream(SYNC_PROTOCOL, { maxOutboundStreams: 100 })),
  );
  const left = () =>
    opened.filter((stream) => stream.status === "fulfilled" && stream.value.status === "open").length;
  await until("the others reset", () => left() <= 16);
});
