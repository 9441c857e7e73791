import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { moduleStateOf } from "./moduleStateOf.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What a module may remember: what an app's opaque client stands for, and results that follow from the object alone. */
const allowed = [
  "src/client/client.ts: cores remembers by object",
  "src/reconciler/branch/epochView.ts: views remembers by object",
  "src/reconciler/branch/unheard.ts: known remembers by object",
  "src/reconciler/messages/verifyReceipts.ts: verified remembers by object",
  "src/reconciler/view/conversationOrder.ts: known remembers by object",
];

test("what a client keeps in mind stands in its core and its groups, not in modules", () => {
  const files = globSync("src/{client,reconciler}/**/*.ts", { cwd: root });
  assert.ok(files.length > 250, `there are ${files.length} files`);
  const found = files.flatMap((file) => moduleStateOf(file, readFileSync(root + file, "utf8")));
  assert.deepEqual(found.sort(), allowed);
});

/** Each has some state. */
const planted = {
  "a variable": "let turns = 0;",
  "a weak map": "const sent = new WeakMap<Core, number>();",
  "a map that is filled": "const sent = new Map(); export const note = (id) => sent.set(id, 1);",
  "a set that is filled": "const known = new Set(); export function know(id) { known.add(id); }",
  "a list that grows": "const told = []; export const tell = (one) => told.push(one);",
  "a field that is assigned":
    "const last = { atMs: 0 }; export const note = (atMs) => { last.atMs = atMs; };",
  "a field that is counted": "const last = { turns: 0 }; export const note = () => last.turns++;",
  "a record that is filled": "const names = {}; export const note = (id) => { names[id] = true; };",
  "a field that is deleted": "const names = {}; export const forget = (id) => { delete names[id]; };",
  "a queue": "const reads = createSerialQueue();",
};

for (const [what, text] of Object.entries(planted)) {
  test(`${what} is seen`, () => {
    assert.equal(moduleStateOf("planted.ts", text).length, 1);
  });
}

test("constants, and what a function makes for itself, are no state", () => {
  const text = `
    const LATE = new Set(["a"]);
    const OF_NONE: ReadonlyMap<string, number> = new Map();
    export const isLate = (id) => LATE.has(id);
    export function count(all) {
      const found = new Map();
      for (const one of all) found.set(one, (found.get(one) ?? OF_NONE.size) + 1);
      return found;
    }
  `;
  assert.deepEqual(moduleStateOf("planted.ts", text), []);
});
