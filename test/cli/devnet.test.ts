import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";

const commandLine = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
/** How long processes may take to be gone after their parent. */
const GONE_TIMEOUT_MS = 20_000;

for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
  test(`${signal} to a devnet leaves no process behind`, async () => {
    await using directory = await temporaryDirectory();
    const args = [commandLine, "devnet", "--nodes", "2", "--data", directory.path];
    const devnet = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(devnet, "exit");
    try {
      const printed = await readUntil(devnet.stdout, /stays up until Ctrl-C/);
      assert.match(printed, /node 2 +http:\/\/127\.0\.0\.1:\d+ +\w+/);
      const started = descendantsOf(devnet.pid ?? 0);
      assert.ok(started.length >= 3, "a chain and two nodes");
      devnet.kill(signal);
      const [code] = await exited;
      if (signal !== "SIGKILL") assert.equal(code, 0);
      await untilGone(started);
    } finally {
      devnet.kill("SIGKILL");
    }
  });
}

async function readUntil(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  let printed = "";
  for await (const line of createInterface({ input: stream })) {
    printed += `${line}\n`;
    if (pattern.test(line)) return printed;
  }
  assert.fail(`the output ended:\n${printed}`);
}

function descendantsOf(ancestor: number): number[] {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  const found = [ancestor];
  for (const parent of found) {
    for (const [pid, ppid] of pairs) if (ppid === parent && pid !== undefined) found.push(pid);
  }
  return found.slice(1);
}

async function untilGone(pids: readonly number[]): Promise<void> {
  const deadline = Date.now() + GONE_TIMEOUT_MS;
  for (let alive = pids; alive.length > 0; alive = alive.filter(isAlive)) {
    assert.ok(Date.now() < deadline, `still there: ${alive.join(", ")}`);
    await delay(20);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
