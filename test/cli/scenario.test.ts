import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { runWeft } from "./runWeft.ts";

const fileOf = (name: string) => fileURLToPath(new URL(`../scenario/plays/${name}.jsonl`, import.meta.url));

test("--json prints JSON lines only, the summary last; exit code 0 if all held", async () => {
  await using directory = await temporaryDirectory();
  const args = [fileOf("late-join"), "--json", "--data", directory.path];
  const { code, stdout, stderr } = await runWeft(["scenario", ...args]);
  assert.deepEqual([code, stderr], [0, ""]);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const { seconds, groups, ...summary } = lines.at(-1) ?? {};
  assert.equal(typeof seconds, "number");
  assert.deepEqual(summary, {
    ok: true,
    sent: 3,
    delivered: 5,
    failed: { "not-permitted": 2, "not-a-member": 1 },
    racesLost: 0,
    rebased: 0,
    lost: 0,
    gaps: 0,
    unmet: [],
  });
  const { g } = groups as Record<string, Record<string, unknown>>;
  assert.deepEqual([g?.epoch, g?.members, g?.messages, g?.equal], [3, ["alice", "bob", "carol"], 2, true]);
  assert.equal(lines.filter(({ kind }) => kind === "step-ended").length, 13);
});

test("what did not hold is said, and the exit code is 1", async () => {
  await using directory = await temporaryDirectory();
  const args = [fileOf("wrong-expectation"), "--nodes", "1", "--data", directory.path];
  const { code, stdout } = await runWeft(["scenario", ...args]);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /wrong-expectation\.jsonl: not ok\n {2}line 4 \(expect\): bob does not see "goodbye"\n/,
  );
  assert.match(stdout, /^alice in "g" \(epoch 1\)\n {3}epoch 1 {2}· alice added bob\n {12}alice: hello$/m);
});
