import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { type Devnet, startDevnet } from "../../src/devnet/startDevnet.ts";
import { playScenario } from "../../src/scenario/playScenario.ts";
import { readScenario } from "../../src/scenario/readScenario.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { asScenario } from "./asScenario.ts";
import { histories } from "./history.ts";

const NODES = 3;
const HISTORIES = 1;
const LENGTHS = { minLength: 8, maxLength: 10 };
const SEED = 7;

const stack = new AsyncDisposableStack();
const { signal } = new AbortController();
let devnet: Devnet;

before(async () => {
  const { path: directory } = stack.use(await temporaryDirectory());
  devnet = stack.use(await startDevnet({ directory, nodes: NODES, chain: "anvil", signal }));
});
after(() => stack.disposeAsync());

for (const [i, history] of fc.sample(histories(LENGTHS), { numRuns: HISTORIES, seed: SEED }).entries()) {
  test(`history ${i} holds on a real chain, real nodes and real databases`, async () => {
    const text = asScenario(history);
    const scenario = readScenario({ name: `history-${i}`, text, nodes: NODES });
    const { summary } = await playScenario({ scenario, devnet, signal });
    assert.ok(summary.ok, `${summary.unmet.join("\n")}\n${text}`);
  });
}
