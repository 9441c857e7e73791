import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = [...globSync("*.md", { cwd: root }), ...globSync("docs/**/*.md", { cwd: root })];

/** A page's text without its code blocks and inline code: what stands there is no link and no heading. */
function proseOf(page: string): string {
  return readFileSync(join(root, page), "utf8")
    .replace(/^```.*?^```$/gms, "")
    .replace(/^ {4}.*$/gm, "");
}

/** Anchors of a page's headings, as GitHub makes them; of two with one text the second has the suffix -1. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of proseOf(page).matchAll(/^#{1,6} (.*)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*_]/g, "");
    const slug = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-");
    let anchor = slug;
    for (let i = 1; anchors.has(anchor); i++) anchor = `${slug}-${i}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** What is wrong with the relative links of a page; empty if nothing is. */
function brokenLinks(page: string): string[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links.flatMap((link) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : join(dirname(page), path);
    if (!existsSync(join(root, target))) return [`${page}: ${link} leads nowhere`];
    if (anchor === undefined) return [];
    return anchorsOf(target).has(anchor) ? [] : [`${page}: ${link} names no heading`];
  });
}

test("every relative link and anchor in docs, README and CONTRIBUTING leads somewhere", () => {
  assert.ok(pages.includes("README.md") && pages.includes("CONTRIBUTING.md"));
  assert.ok(pages.length > 20, `${pages.length} pages`);
  assert.deepEqual(pages.flatMap(brokenLinks), []);
});

test("every file that a page names is there", () => {
  const folders = "src|test|scripts|contracts|proto|docs|examples";
  const missing = pages.flatMap((page) => {
    const text = readFileSync(join(root, page), "utf8");
    const named = [...text.matchAll(new RegExp(`\`((?:${folders})/[\\w./-]+)\``, "g"))];
    return named
      .map(([, path = ""]) => path)
      .filter((path) => !existsSync(join(root, path)) && globSync(`${path}*`, { cwd: root }).length === 0)
      .map((path) => `${page}: ${path}`);
  });
  assert.deepEqual(missing, []);
});

test("every section of the protocol is reached from its table of contents", () => {
  const contents = readFileSync(join(root, "docs/protocol.md"), "utf8");
  const lacking = globSync("docs/protocol/*.md", { cwd: root }).flatMap((page) => {
    const name = page.slice("docs/".length);
    if (!contents.includes(`(${name})`)) return [name];
    const headings = [...proseOf(page).matchAll(/^## (.*)$/gm)].map(([, heading = ""]) => heading);
    return headings.filter((heading) => !contents.includes(`[${heading}](${name}#`));
  });
  assert.deepEqual(lacking, []);
});

test("sources and tests that name a section of the protocol name one that there is", () => {
  const contents = "docs/protocol.md";
  const files = ["src", "test", "scripts", "contracts", "proto"].flatMap((folder) =>
    globSync(`${folder}/**/*.{ts,sol,proto}`, { cwd: root }),
  );
  const named = [...files, ".dependency-cruiser.cjs"].flatMap((file) => {
    // A name may go on in a comment's next line.
    const text = readFileSync(join(root, file), "utf8").replace(/\n\s*\*\s+/g, " ");
    const titles = [...text.matchAll(/docs\/protocol\.md, "([^"]+)"/g)].map(([, title = ""]) => {
      return { file, page: contents, section: `[${title}](` };
    });
    const numbers = [...text.matchAll(/docs\/protocol\.md, section (\d+)/g)].map(([, n = ""]) => {
      return { file, page: contents, section: `\n## ${n}. ` };
    });
    const headings = [...text.matchAll(/(docs\/protocol\/[a-z]+\.md), "([^"]+)"/g)];
    const inPages = headings.map(([, page = "", title = ""]) => ({ file, page, section: `# ${title}\n` }));
    return [...titles, ...numbers, ...inPages];
  });
  assert.ok(named.length > 3);
  const isThere = ({ page, section }: (typeof named)[number]) =>
    existsSync(join(root, page)) && readFileSync(join(root, page), "utf8").includes(section);
  assert.deepEqual(
    named.filter((one) => !isThere(one)),
    [],
  );
});

test("no page of the protocol takes more than a sitting, and no page names a place outside of this folder", () => {
  const longest = 2_600;
  const long = globSync("docs/protocol/*.md", { cwd: root }).filter((page) => {
    return readFileSync(join(root, page), "utf8").split(/\s+/).length > longest;
  });
  assert.deepEqual(long, [], `more than ${longest} words`);
  const outside = pages.filter((page) =>
    /\.\.\/shared|\/work\/|\/tmp\//.test(readFileSync(join(root, page), "utf8")),
  );
  assert.deepEqual(outside, []);
});
