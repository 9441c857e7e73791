import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { ip } from "../../scripts/netns/ip.ts";
import { openHosts } from "../../scripts/netns/openHosts.ts";
import { namespaceOf } from "../../scripts/netns/removeLeftovers.ts";
import { whyNoHosts } from "../../scripts/netns/whyNoHosts.ts";

const skip = (await whyNoHosts()) ?? false;

test("hosts go when they are disposed, and what a process left goes when it is dead", { skip }, async () => {
  const gone = spawn("true");
  const alive = spawn("cat");
  await once(gone, "exit");
  const pids = [gone, alive].map(({ pid }) => pid ?? 0);
  const [left, kept] = pids.map((pid) => namespaceOf({ pid, host: "hub" }));
  for (const name of [left, kept]) await ip(`netns add ${name}`);
  const names = async () => (await ip("netns list")).split("\n").map((line) => line.split(" ")[0]);
  try {
    await using network = await openHosts({ names: ["one"] });
    const there = await names();
    assert.ok(there.includes(network.hub));
    assert.ok(there.includes(kept));
    assert.ok(!there.includes(left));
  } finally {
    alive.kill();
    await ip(`netns delete ${kept}`);
  }
  assert.ok(!(await names()).some((name) => name?.startsWith(namespaceOf({ pid: process.pid, host: "" }))));
});
