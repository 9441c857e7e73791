import assert from "node:assert/strict";
import { test } from "node:test";
import { askNodes } from "../../src/devnet/askNodes.ts";
import { startDevnet } from "../../src/devnet/startDevnet.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";

const signal = new AbortController().signal;

test("links between nodes are cut, stay cut for a node that starts again, and heal", async () => {
  await using directory = await temporaryDirectory();
  await using devnet = await startDevnet({ directory: directory.path, nodes: 3, chain: "anvil", signal });
  const { links, nodes } = devnet;
  const peers = async () => (await askNodes({ devnet, signal })).map(({ status }) => status?.peers);
  assert.deepEqual(await peers(), [2, 2, 2]);

  await links.partition([[1, 2], [3]]);
  assert.deepEqual(
    links.sides().map((side) => side.map(({ number }) => number)),
    [[1, 2], [3]],
  );
  assert.deepEqual(await peers(), [1, 1, 0]);

  await nodes[1]?.stop("kill");
  await nodes[1]?.start();
  await links.partition([[2], [3]]);
  assert.deepEqual(await peers(), [0, 0, 0], "a node that nobody names is a side of its own");

  await links.heal();
  assert.deepEqual(await peers(), [2, 2, 2]);
});
