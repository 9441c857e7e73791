/**
 * `npm test` after the static checks: looks at the machine, compiles the contracts once, then runs every test file
 * with Node's test runner. `node scripts/test.ts test/wire` runs a part.
 */
import { existsSync, globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { openHardhat } from "../src/chain/deploy/openHardhat.ts";

/** Files start chains and nodes of their own and wait for blocks half of the time. */
const FILES_AT_ONCE = Math.max(4, availableParallelism());
/** They take a minute or more each, computing or waiting: beside the others, not after them. */
const LONG_FILES = [
  "test/scenario/shipped.test.ts",
  "test/scenario/plays.test.ts",
  "test/search/search.test.ts",
  "test/search/found.test.ts",
  "test/client/falseHistories.test.ts",
  "test/client/cutOff.test.ts",
  "test/client/servedLies.test.ts",
  "test/client/withheld.test.ts",
  "test/client/histories.test.ts",
  "test/client/shards.test.ts",
  "test/client/faults.test.ts",
  "test/cli/verbs.test.ts",
  "test/deploy/testnet.test.ts",
  "test/netns/faults.test.ts",
  "test/search/standstill.test.ts",
];
/** A test that hangs fails by name instead of holding up the run. */
const TEST_TIMEOUT_MS = 300_000;
const PROGRESS_MS = 30_000;
const MINIMUM_NODE = 24;
const PRELOADED = fileURLToPath(new URL("./followNoPromises.ts", import.meta.url));

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
// Tests read what commands print, which a CI's environment would have coloured.
process.env.NO_COLOR = "1";
delete process.env.FORCE_COLOR;
// What one test file has loaded and stripped of its types the next one, and each process that it starts, loads as it is.
process.env.NODE_COMPILE_CACHE ??= "node_modules/.cache/weft-tests";
checkNode();
describeVectors();
const compiledIn = await compileContracts();
const files = chooseFiles(process.argv.slice(2));
say(`contracts compiled in ${compiledIn} s; ${files.length} test files, ${FILES_AT_ONCE} at once`);
process.exitCode = await runTests(files);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function checkNode(): void {
  const [major = 0] = process.versions.node.split(".").map(Number);
  if (major >= MINIMUM_NODE) return;
  say(`The tests need Node ${MINIMUM_NODE}; this is ${process.version}. \`npm test\` takes the right one.`);
  process.exit(1);
}

function describeVectors(): void {
  const chosen = process.env.WEFT_MLS_VECTORS ?? "../shared/vectors/mls";
  if (!existsSync(chosen))
    say(`no MLS vectors at ${chosen} (WEFT_MLS_VECTORS): the tests that need them are skipped`);
}

async function compileContracts(): Promise<string> {
  const started = performance.now();
  await openHardhat();
  return ((performance.now() - started) / 1000).toFixed(1);
}

/**
 * Files and folders that were named, or all: the long ones first, the others by their names without folders. So those
 * that wait for blocks, as in test/client, run beside those that only compute, as in test/reconciler.
 */
function chooseFiles(named: string[]): string[] {
  const patterns = named.length === 0 ? ["test/**/*.test.ts"] : named.map(asPattern);
  const files = globSync(patterns).sort(
    (a, b) => rankOf(a) - rankOf(b) || basename(a).localeCompare(basename(b)),
  );
  if (files.length === 0) {
    say(`no test file matches ${patterns.join(" ")}`);
    process.exit(1);
  }
  return files;
}

function rankOf(file: string): number {
  const at = LONG_FILES.indexOf(file);
  return at < 0 ? LONG_FILES.length : at;
}

function asPattern(path: string): string {
  return path.endsWith(".ts") ? path : `${path.replace(/\/$/, "")}/**/*.test.ts`;
}

/** Prints what Node's runner prints, which keeps the order of files, and how far it is; then what was skipped and why. */
async function runTests(files: string[]): Promise<number> {
  const events = run({
    ...{ files, concurrency: FILES_AT_ONCE, timeout: TEST_TIMEOUT_MS },
    execArgv: ["--import", PRELOADED],
  });
  const skipped: string[] = [];
  let code = 0;
  let ended = 0;
  const started = performance.now();
  const progress = setInterval(() => {
    say(`… ${ended} tests ended, ${Math.round((performance.now() - started) / 1000)} s`);
  }, PROGRESS_MS);
  events.on("test:complete", () => {
    ended++;
  });
  events.on("test:fail", () => {
    code = 1;
  });
  events.on("test:pass", ({ name, file, skip }) => {
    if (skip !== undefined) skipped.push(`  ${relative(".", file ?? "")}: ${name} (${skip})`);
  });
  for await (const text of events.compose(spec)) process.stdout.write(String(text));
  clearInterval(progress);
  say("");
  if (skipped.length > 0) say(`skipped:\n${skipped.join("\n")}`);
  return code;
}
