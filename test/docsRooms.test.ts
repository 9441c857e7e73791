import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

const root = new URL("..", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

type Rule = { readonly name: string; readonly to: { readonly pathNot?: readonly string[] } };
const { forbidden } = createRequire(import.meta.url)("../.dependency-cruiser.cjs") as { forbidden: Rule[] };

/** Folders that no rule of the kind "sees only its neighbours" is about: leaves, what is generated, and the top. */
const others = ["cli", "clock", "crypto", "gen"];

/** What each room may import besides itself and the leaves, as the import rules have it. */
function roomsByRule(): Map<string, string[]> {
  const leaves = ["crypto", "clock", "errors.ts", "config.ts"];
  const nameOf = (pattern: string): string =>
    pattern
      .replace(/^\^src\//, "")
      .replace(/[/$]$/, "")
      .replaceAll("[.]", ".");
  const rooms = forbidden.flatMap(({ name, to }) => {
    const room = /^(\w+)-sees-only-its-neighbours$/.exec(name)?.[1];
    if (room === undefined) return [];
    const seen = (to.pathNot ?? []).map(nameOf).filter((other) => other !== room && !leaves.includes(other));
    return [[room, seen.toSorted()] as const];
  });
  return new Map(rooms);
}

/** Rows of the table of rooms in docs/architecture.md: what each room hides and imports. */
function roomsByTable(): Map<string, { hides: string; imports: string[] }> {
  const rows = read("docs/architecture.md").matchAll(/^\| `src\/(\w+)` \| ([^|]+) \| [^|]+ \| ([^|]+) \|$/gm);
  const listed = [...rows].map(([, room = "", hides = "", imports = ""]) => {
    const names = imports.split(", ").filter((name) => name !== "leaves" && name !== "nothing");
    return [room, { hides, imports: names.toSorted() }] as const;
  });
  return new Map(listed);
}

/** Folders under src in the README's tree. */
function roomsByTree(): string[] {
  const tree = read("README.md").match(/^src\/$(.*?)^\w/ms)?.[1] ?? "";
  return [...tree.matchAll(/^ {2}(\w+)\/ /gm)].map(([, room = ""]) => room).toSorted();
}

/** The folders of a room in their order, as the import rules have them. */
function foldersByRule(room: string): string[] {
  const rule = new RegExp(`^${room}-(\\w+)-sees-only-folders-before-it$`);
  return forbidden.flatMap(({ name }) => rule.exec(name)?.[1] ?? []);
}

const folders = readdirSync(new URL("src", root), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted();

test("import rules, the table of rooms and the README's tree name every folder under src, and no other", () => {
  assert.deepEqual([...roomsByRule().keys(), ...others].toSorted(), folders);
  assert.deepEqual([...roomsByTable().keys()].toSorted(), folders);
  assert.deepEqual(roomsByTree(), folders);
});

test("the table of rooms says what the import rules say of each", () => {
  const table = roomsByTable();
  for (const [room, imports] of roomsByRule()) {
    assert.deepEqual(table.get(room)?.imports, imports, room);
  }
});

test("a room that hides a package says so in the table", () => {
  const hiding = forbidden.flatMap(({ name }) => /^(\w+)-hides-its-dependency$/.exec(name)?.[1] ?? []);
  assert.ok(hiding.length > 3);
  for (const room of hiding) assert.notEqual(roomsByTable().get(room)?.hides, "–", room);
});

for (const room of ["reconciler", "client"]) {
  test(`the folders of src/${room} stand in the docs in the order that the import rules give`, () => {
    const line = new RegExp(`^- \`src/${room}\`: (.*)$`, "m").exec(read("docs/architecture.md"));
    assert.ok(foldersByRule(room).length > 5);
    assert.deepEqual(line?.[1]?.split(", "), foldersByRule(room));
  });
}
