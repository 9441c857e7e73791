import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryDirectory } from "./support/temporaryDirectory.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

test("src/gen is what the proto files give", async () => {
  await using directory = await temporaryDirectory();
  const env = { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` };
  await run("buf", ["generate", "--output", directory.path], { cwd: root, env });
  const expected = await readTree(join(directory.path, "src/gen"));
  const actual = await readTree(join(root, "src/gen"));
  assert.deepEqual([...actual.keys()], [...expected.keys()]);
  for (const [path, text] of expected) {
    assert.equal(actual.get(path), text, `${path} is stale: npm run generate`);
  }
});

async function readTree(directory: string): Promise<Map<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    paths.sort().map(async (path) => [path.slice(directory.length), await readFile(path, "utf8")] as const),
  );
  return new Map(files);
}
