import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { clientSchema, commonSchema, nodeSchema } from "../../src/store/schema.ts";

const src = fileURLToPath(new URL("../../src", import.meta.url));

type Source = { readonly path: string; readonly name: string; readonly text: string };

const sources: readonly Source[] = await Promise.all(
  (await readdir(src, { recursive: true }))
    .filter((path) => path.endsWith(".ts") && !path.startsWith("gen/"))
    .map(async (path) => ({
      path,
      name: path.replace(/^.*\/|[.]ts$/g, ""),
      text: await readFile(join(src, path), "utf8"),
    })),
);

type Kind = { readonly kind: string; readonly value: string; readonly writers: readonly string[] };

function kindsOf(schema: Readonly<Record<string, { value: string; writer: string }>>): Kind[] {
  return Object.entries(schema).map(([kind, { value, writer }]) => ({
    kind,
    value,
    writers: writer.split(", ").toSorted(),
  }));
}

/** Names of the files of a room in which this text stands. */
function namesOf(params: { room: string; where: (text: string) => boolean }): string[] {
  const found = sources.filter(({ path, text }) => path.startsWith(`${params.room}/`) && params.where(text));
  return found.map(({ name }) => name).toSorted();
}

test("each kind of the client's records names the files that write it, and no other", () => {
  for (const { kind, writers } of kindsOf(clientSchema)) {
    const where = (text: string) => text.includes(`tables.${kind}.put(`);
    assert.deepEqual(namesOf({ room: "client", where }), writers, `who writes ${kind}`);
  }
});

test("each kind of the node's records names the files that write it", () => {
  for (const [schema, kinds] of Object.entries({ commonSchema, nodeSchema })) {
    for (const { kind, writers } of kindsOf(kinds)) {
      const made = `keyOf\\(\\s*${schema}\\.${kind}\\b`;
      // A key that is made in one place has the name of a constant or of a function.
      const named = new RegExp(
        `^(?:export )?(?:const (\\w+) = |function (\\w+)\\((?:(?!\\n\\}\\n)[^])*return )${made}`,
        "m",
      );
      const names = sources.flatMap(({ text }) => named.exec(text)?.slice(1) ?? []).filter(Boolean);
      const key = `(?:${[made, ...names.map((name) => `\\b${name}\\b`)].join("|")})`;
      const writes = new RegExp(`(?:\\bput\\(\\s*|\\bkey: )${key}`);
      for (const name of namesOf({ room: "store", where: (text) => writes.test(text) })) {
        assert.ok(writers.includes(name), `${name} writes ${kind}`);
      }
      // Some make the key first and the write of it below.
      const where = (text: string) => new RegExp(key).test(text) && /\bput\(|\bChange\b/.test(text);
      const writing = namesOf({ room: "store", where });
      for (const name of writers) assert.ok(writing.includes(name), `${name} is to write ${kind}`);
    }
  }
});

test("values are of the types that the lines name", async () => {
  const types = new Set(
    sources.flatMap(({ text }) => [...text.matchAll(/^(?:export )?type (\w+)\b/gm)].map(([, name]) => name)),
  );
  const kinds = [commonSchema, nodeSchema, clientSchema].flatMap((schema) => kindsOf(schema));
  const named = kinds.flatMap(({ value }) => value.match(/\b[A-Z][a-z]+[A-Z]\w*\b/g) ?? []);
  assert.ok(named.length > 20);
  for (const name of named) assert.ok(types.has(name), `no type is named ${name}`);
  const tables = await readFile(join(src, "client/database/tables.ts"), "utf8");
  const typed = [...tables.matchAll(/jsonTable<typeof (\w+)\.key, ([A-Z]\w+)>/g)];
  assert.ok(typed.length > 20);
  const lines = new Map(kindsOf(clientSchema).map(({ kind, value }) => [kind, value]));
  for (const [, kind = "", type = ""] of typed.filter(([, , type]) => !type?.endsWith("Id"))) {
    assert.match(lines.get(kind) ?? "", new RegExp(`^${type}\\b`), `what ${kind} holds`);
  }
});

test("no kind of record is made but by a line of the schema", () => {
  const makers = sources.filter(({ text }) => /\bprefix: 0x/.test(text));
  assert.deepEqual(
    makers.map(({ path }) => path),
    ["store/schema.ts"],
  );
});
