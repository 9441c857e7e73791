import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

const sources = new URL("../../src", import.meta.url).pathname;

test("nobody asks for the machine's time but src/clock, so each use says which clock it goes by", async () => {
  const names = await readdir(sources, { recursive: true });
  const asking: string[] = [];
  for (const name of names.filter((one) => one.endsWith(".ts") && !one.startsWith("clock/"))) {
    const text = await readFile(join(sources, name), "utf8");
    if (/\bDate\.now\b|new Date\(\)|process\.hrtime/.test(text)) asking.push(name);
  }
  assert.deepEqual(asking, []);
});
