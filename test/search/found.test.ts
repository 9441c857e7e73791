import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { History } from "./history.ts";
import { runHistory } from "./runHistory.ts";

const text = await readFile(new URL("./found.jsonl", import.meta.url), "utf8");

for (const [i, line] of text.trim().split("\n").entries()) {
  test(`the history that failed once in line ${i + 1} holds`, async () => {
    await runHistory(JSON.parse(line) as History);
  });
}
