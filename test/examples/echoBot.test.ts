import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { startDevnet } from "../../src/devnet/startDevnet.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";

function run(example: string, ...args: string[]) {
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  const child = spawn(process.execPath, [join("examples", example), ...args], { stdio });
  return { child, exit: once(child, "exit") };
}

test("the examples talk to each other over a devnet, and the bot stops when told", async ({ signal }) => {
  await using directory = await temporaryDirectory();
  const { path } = directory;
  await using devnet = await startDevnet({ directory: path, nodes: 2, chain: "anvil", signal });
  const [node] = devnet.nodes;
  assert.ok(node);
  const where = [devnet.networkFile, node.addresses.url];
  const bot = run("echo-bot.ts", ...where, join(path, "bot"));
  try {
    const [line] = (await once(createInterface(bot.child.stdout), "line", { signal })) as [string];
    const [, inbox] = /^inbox (0x[0-9a-f]{64})$/.exec(line) ?? [];
    assert.ok(inbox, line);
    const hello = run("say-hello.ts", ...where, inbox, "hi there");
    assert.equal(await text(hello.child.stdout), "echo: hi there\n");
    assert.deepEqual(await hello.exit, [0, null]);
  } finally {
    bot.child.kill("SIGINT");
  }
  assert.deepEqual(await bot.exit, [0, null]);
});
