import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const program = fileURLToPath(new URL("../../scripts/chaos.ts", import.meta.url));

/** One turn. */
const SHORT = ["--minutes", "0.001", "--seed", "3", "--kinds", "kill-client,stop-client", "--json"];

test("a client is killed or stopped among five that talk, and everything held", async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...SHORT]);
  const told = JSON.parse(stdout);
  assert.deepEqual(told.findings, []);
  assert.equal(told.played.length, 1);
  assert.ok(told.rows[0].all.worst > 0);
  assert.match(stderr, /everybody holds the same/);
});
