import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Devnet, startDevnet } from "../../src/devnet/startDevnet.ts";
import { playScenario } from "../../src/scenario/playScenario.ts";
import { flatten, readScenario, type Scenario } from "../../src/scenario/readScenario.ts";

import { temporaryDirectory } from "../support/temporaryDirectory.ts";

const NODES = 3;
/** Most of a play is waiting for blocks. */
const PLAYS_AT_ONCE = 3;
/** What everybody on the devnet notices: plays with such steps have it to themselves. */
const ROUGH_STEPS: ReadonlySet<string> = new Set(["chain", "partition", "heal", "startNode", "stopNode"]);

type Unmet = Readonly<Record<string, readonly RegExp[]>>;

/**
 * One test per file of the folder, all on one devnet: it holds, or exactly what `unmetIn` says of it does not.
 */
export async function playAll(params: { folder: URL; unmetIn?: Unmet }): Promise<void> {
  const { folder, unmetIn = {} } = params;
  const { signal } = new AbortController();
  const stack = new AsyncDisposableStack();
  let devnet: Devnet;
  before(async () => {
    const { path: directory } = stack.use(await temporaryDirectory());
    devnet = stack.use(await startDevnet({ directory, nodes: NODES, chain: "anvil", signal }));
  });
  after(() => stack.disposeAsync());

  const scenarios = await readAll(folder);
  const testOf = (scenario: Scenario): void => {
    const unmet = unmetIn[scenario.name] ?? [];
    test(`${scenario.name} comes out as it should`, async (t) => {
      const { summary, timelines } = await playScenario({ scenario, devnet, signal });
      t.diagnostic(`${scenario.name}: ${summary.seconds} s, ${summary.racesLost} races lost`);
      assert.equal(summary.unmet.length, unmet.length, summary.unmet.join("\n"));
      unmet.forEach((pattern, index) => {
        assert.match(summary.unmet[index] ?? "", pattern);
      });
      assert.equal(summary.ok, unmet.length === 0);
      assert.equal(summary.lost, 0);
      assert.ok(Object.values(summary.groups).every((group) => group.equal));
      assert.ok(timelines.length > 0);
    });
  };
  describe("plays beside each other", { concurrency: PLAYS_AT_ONCE }, () => {
    for (const scenario of scenarios.filter((one) => !isRough(one))) testOf(scenario);
  });
  describe("plays with the devnet to themselves", { concurrency: 1 }, () => {
    for (const scenario of scenarios.filter(isRough)) testOf(scenario);
  });
}

async function readAll(folder: URL): Promise<Scenario[]> {
  const files = (await readdir(folder)).sort();
  const read = async (file: string): Promise<Scenario> => {
    const text = await readFile(new URL(file, folder), "utf8");
    return readScenario({ name: basename(file, ".jsonl"), text, nodes: NODES });
  };
  return await Promise.all(files.map(read));
}

function isRough({ steps }: Scenario): boolean {
  return flatten(steps).some((step) => ROUGH_STEPS.has(step.do));
}
