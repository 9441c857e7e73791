import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { after, before, test } from "node:test";
import { type Devnet, startDevnet } from "../../src/devnet/startDevnet.ts";
import { playScenario } from "../../src/scenario/playScenario.ts";
import { readScenario } from "../../src/scenario/readScenario.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";

const NODES = 3;

/**
 * One test per file of the folder, all on one devnet: it holds, or exactly what `unmetIn` says of it does not.
 */
export async function playAll(params: {
  folder: URL;
  unmetIn?: Readonly<Record<string, readonly RegExp[]>>;
}): Promise<void> {
  const { folder, unmetIn = {} } = params;
  const { signal } = new AbortController();
  const stack = new AsyncDisposableStack();
  let devnet: Devnet;
  before(async () => {
    const { path: directory } = stack.use(await temporaryDirectory());
    devnet = stack.use(await startDevnet({ directory, nodes: NODES, chain: "anvil", signal }));
  });
  after(() => stack.disposeAsync());

  for (const file of (await readdir(folder)).sort()) {
    const name = basename(file, ".jsonl");
    const unmet = unmetIn[name] ?? [];
    test(`${name} comes out as it should`, async (t) => {
      const text = await readFile(new URL(file, folder), "utf8");
      const scenario = readScenario({ name, text, nodes: NODES });
      const { summary, timelines } = await playScenario({ scenario, devnet, signal });
      t.diagnostic(`${name}: ${summary.seconds} s, ${summary.racesLost} races lost`);
      assert.equal(summary.unmet.length, unmet.length, summary.unmet.join("\n"));
      unmet.forEach((pattern, index) => {
        assert.match(summary.unmet[index] ?? "", pattern);
      });
      assert.equal(summary.ok, unmet.length === 0);
      assert.equal(summary.lost, 0);
      assert.ok(Object.values(summary.groups).every((group) => group.equal));
      assert.ok(timelines.length > 0);
    });
  }
}
