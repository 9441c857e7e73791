import assert from "node:assert/strict";
import { test } from "node:test";
import { askNodes, blockNumber } from "../../src/devnet/askNodes.ts";
import { awaitMesh } from "../../src/devnet/awaitMesh.ts";
import { spawnNode } from "../../src/devnet/spawnNode.ts";
import { startDevnet } from "../../src/devnet/startDevnet.ts";
import { isWeftError } from "../../src/errors.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";

const MESH_TIMEOUT_MS = 30_000;
const signal = new AbortController().signal;

test("nodes of a devnet are killed and come back on their ports, keys and data", async () => {
  await using directory = await temporaryDirectory();
  const told: string[] = [];
  await using devnet = await startDevnet({
    directory: directory.path,
    nodes: 3,
    chain: "anvil",
    signal,
    onProgress: ({ kind }) => told.push(kind),
  });
  assert.deepEqual(told, ["chain", "contracts", "node", "node", "node", "mesh"]);
  assert.equal(new Set(devnet.nodes.map(({ addresses }) => addresses.node)).size, 3);
  assert.ok((await blockNumber({ devnet, signal })) > 0);

  const [first, second] = devnet.nodes;
  assert.ok(first !== undefined && second !== undefined);
  await Promise.all([first.stop("kill"), second.stop("term")]);
  assert.deepEqual(
    devnet.nodes.map((node) => node.isRunning()),
    [false, false, true],
  );
  assert.equal((await askNodes({ devnet, signal })).length, 1);

  await Promise.all([first.start(), second.start(), second.start()]);
  await awaitMesh({ nodes: devnet.nodes, timeoutMs: MESH_TIMEOUT_MS, signal });
  for (const { node, status } of await askNodes({ devnet, signal })) {
    assert.equal(status?.node, node.addresses.node);
    assert.equal(status?.peerId, node.addresses.peerId);
  }
});

test("a node that can't start says why", async () => {
  await using directory = await temporaryDirectory();
  const logFile = `${directory.path}/node.log`;
  const args = ["--network", `${directory.path}/none.json`, "--data", directory.path];
  await assert.rejects(
    spawnNode({ args, env: {}, logFile, signal }),
    (error) => isWeftError(error, "not-ready") && /ended with code 1.*none\.json/s.test(error.message),
  );
});

test("an aborted start leaves nothing running", async () => {
  await using directory = await temporaryDirectory();
  const stopping = new AbortController();
  const starting = startDevnet({
    directory: directory.path,
    nodes: 2,
    chain: "anvil",
    signal: stopping.signal,
    onProgress: ({ kind }) => {
      if (kind === "contracts") stopping.abort(new Error("changed my mind"));
    },
  });
  await assert.rejects(starting, /changed my mind/);
});
