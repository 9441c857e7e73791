import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { History } from "./history.ts";
import { runHistory } from "./runHistory.ts";

const lines = (await readFile(new URL("./found.jsonl", import.meta.url), "utf8")).trim().split("\n");

test("the histories that once failed hold", async () => {
  let orders = 0;
  for (const line of lines) orders += (await runHistory(JSON.parse(line) as History)).orders;
  assert.ok(lines.length > 0 && orders > 0);
});
