import assert from "node:assert/strict";
import { test } from "node:test";
import { playChaos } from "../../scripts/chaos/playChaos.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";

test("a client is killed and started again among those that talk, and everything held", async () => {
  await using directory = await temporaryDirectory();
  const told = await playChaos({
    directory: directory.path,
    cast: { nodes: ["node 1", "node 2"], clients: ["alice", "bob"] },
    ...{ seed: 1, first: 0, kinds: ["kill-client"], limitMs: 60_000 },
    minutes: 0.001, // one fault
    signal: AbortSignal.timeout(240_000),
    onProgress: () => undefined,
  });
  assert.deepEqual(told.findings, []);
  assert.deepEqual(
    told.played.map(({ turn }) => turn.number),
    [0],
  );
  assert.ok(told.messages > 0);
});
