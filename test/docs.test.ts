import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const root = new URL("..", import.meta.url);

/** Tests that a page names, as `test/folder/file.test.ts: "name"`; of several with one text, that text. */
function testsNamed(page: string): { file: string; name: string }[] {
  const named = page.matchAll(/(test\/\S+\.test\.ts): "([^"]+)"/g);
  return [...named].map(([, file = "", name = ""]) => ({ file, name }));
}

test("every test that the protocol's table of powers names is there", async () => {
  const page = await readFile(new URL("docs/protocol.md", root), "utf8");
  const named = testsNamed(page);
  assert.ok(named.length > 20);
  for (const { file, name } of named) {
    const text = await readFile(new URL(file, root), "utf8");
    const isThere = text.split("\n").some((line) => /\btest\(["`]/.test(line) && line.includes(name));
    assert.ok(isThere, `${file}: ${name}`);
  }
});

test("every number in the table of powers stands for a test, and every test for a number", async () => {
  const page = await readFile(new URL("docs/protocol.md", root), "utf8");
  const table = page.slice(page.indexOf("| against |"), page.indexOf("What the numbers stand for"));
  const list = page.slice(page.indexOf("What the numbers stand for"));
  const numbersIn = (text: string) => new Set([...text.matchAll(/\[(\d+)\]/g)].map(([, number]) => number));
  assert.deepEqual([...numbersIn(table)].toSorted(), [...numbersIn(list)].toSorted());
});
