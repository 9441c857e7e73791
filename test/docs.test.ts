import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import { test } from "node:test";
import { errorHints } from "../src/errors.ts";
import { ARCHIVE_VERSION } from "../src/identity/archiveKeys.ts";
import { nodeSettings } from "../src/node/settings/nodeSettings.ts";
import { BACKUP_FORMAT } from "../src/store/backup/backupFormat.ts";
import { SCHEMA_VERSION } from "../src/store/schema.ts";
import * as limits from "../src/wire/limits.ts";
import { NETWORK_VERSION } from "../src/wire/network.ts";

const root = new URL("..", import.meta.url);
const powers = new URL("docs/protocol/powers.md", root);

/** Tests that a page names, as `test/folder/file.test.ts: "name"`; of several with one text, that text. */
function testsNamed(page: string): { file: string; name: string }[] {
  const named = page.matchAll(/(test\/\S+\.test\.ts): "([^"]+)"/g);
  return [...named].map(([, file = "", name = ""]) => ({ file, name }));
}

test("every test that the protocol's table of powers names is there", async () => {
  const named = testsNamed(await readFile(powers, "utf8"));
  assert.ok(named.length > 20);
  for (const { file, name } of named) {
    const text = await readFile(new URL(file, root), "utf8");
    const isThere = text.split("\n").some((line) => /\btest\(["`]/.test(line) && line.includes(name));
    assert.ok(isThere, `${file}: ${name}`);
  }
});

test("every number in the table of powers stands for a test, and every test for a number", async () => {
  const page = await readFile(powers, "utf8");
  const table = page.slice(page.indexOf("| against |"), page.indexOf("What the numbers stand for"));
  const list = page.slice(page.indexOf("What the numbers stand for"));
  const numbersIn = (text: string) => new Set([...text.matchAll(/\[(\d+)\]/g)].map(([, number]) => number));
  assert.ok(numbersIn(table).size > 20);
  assert.deepEqual([...numbersIn(table)].toSorted(), [...numbersIn(list)].toSorted());
});

test("the operators' page names settings, codes and files that there are", async () => {
  const page = await readFile(new URL("docs/operating.md", root), "utf8");
  const settings: string[] = Object.values(nodeSettings).map(({ env }) => env);
  for (const [name] of page.matchAll(/WEFT_[A-Z_]+/g)) assert.ok(settings.includes(name), name);
  const codes = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code = ""]) => code);
  assert.ok(codes.length > 10);
  for (const code of codes) assert.ok(code in errorHints, code);
  for (const [, link = ""] of page.matchAll(/\]\((operating\/[^)]+)\)/g)) {
    await access(new URL(`docs/${link}`, root));
  }
});

test("the page of limits has every constant of the protocol with its value", async () => {
  const page = await readFile(new URL("docs/protocol/constants.md", root), "utf8");
  const rows = page.matchAll(/^\| `([A-Z_]+)` \| (\d+) \|/gm);
  const listed = Object.fromEntries([...rows].map(([, name = "", value]) => [name, Number(value)]));
  assert.deepEqual(listed, { ...limits });
});

test("the page of versions has the versions that the code has", async () => {
  const page = await readFile(new URL("docs/versions.md", root), "utf8");
  const manifest = JSON.parse(await readFile(new URL("package.json", root), "utf8")) as { version: string };
  const versions = {
    package: manifest.version,
    protocol: String(limits.PROTOCOL_VERSION),
    network: String(NETWORK_VERSION),
    "database schema": String(SCHEMA_VERSION),
    "backup format": String(BACKUP_FORMAT),
    archive: String(ARCHIVE_VERSION),
  };
  const rows = [...page.matchAll(/^\| ([a-z ]+) \| ([\d.]+) \| /gm)];
  assert.deepEqual(Object.fromEntries(rows.map(([, what, version]) => [what, version])), versions);
  const entries = await readFile(new URL("docs/protocol/entries.md", root), "utf8");
  assert.ok(entries.includes(`| \`version\` | ${NETWORK_VERSION}. `));
});
