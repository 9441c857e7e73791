import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { effectsOf } from "./effectsOf.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("no rule takes time, asks a clock or draws: the reconciler is a function of what it is given", () => {
  const files = globSync("src/reconciler/**/*.ts", { cwd: root });
  assert.ok(files.length > 90, `the reconciler has ${files.length} files`);
  const found = files.flatMap((file) =>
    effectsOf(relative(root, `${root}${file}`), readFileSync(root + file, "utf8")),
  );
  assert.deepEqual(found, []);
});

/** Each has one effect. */
const effects = {
  "an async function": "export async function judge() {}",
  "an async arrow": "export const judge = async () => 1;",
  await: "export const judge = (later) => { for (;;) void (await later); };",
  "for await": "async function* judge(entries) { for await (const entry of entries) yield entry; }",
  "a promise": "export const judge = () => Promise.resolve(1);",
  "a promise's type": "export type Judge = () => Promise<void>;",
  "the clock": "export const judge = () => Date.now();",
  "a date": "export const judge = () => new Date().getTime();",
  "the monotonic clock": "export const judge = () => performance.now();",
  "a timer": "setTimeout(() => undefined, 1);",
  "a draw": "export const judge = () => Math.random();",
  "a draw by another name": "const { random } = Math;",
  "a draw by brackets": 'export const judge = () => Math["random"]();',
  "the platform's crypto": "export const judge = () => crypto.getRandomValues(new Uint8Array(1));",
  "imported chance": 'import { randomBytes as bytes } from "#crypto";',
  "an imported key": 'import { generateSecp256k1PrivateKey } from "../../crypto/secp256k1.ts";',
  "a sealing, which draws a nonce": 'import { sealEntry } from "../../wire/entry.ts";',
  "all of a module": 'import * as all from "#crypto";',
  "a module in time": 'export const judge = () => import("../policy/roleOf.ts");',
  "a log": 'console.log("judged");',
};

for (const [what, text] of Object.entries(effects)) {
  test(`${what} is seen`, () => {
    assert.notEqual(effectsOf("planted.ts", text).length, 0);
  });
}

test("names that only look like it are none: fields, members, what is handed in", () => {
  const text = `
    import type { Entry } from "../../wire/chainEntry.ts";
    // Promise, Date.now() and await in a comment, Math.random() too.
    type Times = { readonly Date: number; readonly process: string };
    export const judge = ({ entry, chance, drawBytes }: { entry: Entry; chance: () => number; drawBytes: Draw }) =>
      Math.max(chance() * entry.block.time, drawBytes(1).length) + "await".length;
    export const read = (times: Times) => times.Date + [{ crypto: 1 }].length;
  `;
  assert.deepEqual(effectsOf("planted.ts", text), []);
});
