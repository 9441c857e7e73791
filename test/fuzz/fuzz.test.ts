import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { WeftError } from "../../src/errors.ts";
import { fuzzTarget } from "./fuzzTarget.ts";
import { openTargets } from "./openTargets.ts";

/** Here a few for each reader; `npm run fuzz` feeds them as many as it is told to. */
const INPUTS = 80;

let opened: Awaited<ReturnType<typeof openTargets>>;

before(async () => {
  opened = await openTargets();
});
after(() => opened[Symbol.asyncDispose]());

test("whatever comes from the network or the chain is read or refused by a code", async () => {
  for (const target of opened.targets) {
    const { read, refused } = await fuzzTarget({ target, inputs: INPUTS, seed: 1 });
    const total = [...refused.values()].reduce((sum, count) => sum + count, read);
    assert.equal(total, INPUTS, target.name);
  }
});

test("every call of a node and every kind of envelope was seen on the wire", () => {
  const unseen = opened.targets.filter(({ samples }) => samples.length === 0).map(({ name }) => name);
  assert.deepEqual(unseen, []);
});

test("a reader that breaks, hangs or refuses what is true is found", async () => {
  const samples = [Uint8Array.of(1, 2, 3, 4)];
  const feed = (read: (bytes: Uint8Array) => unknown) =>
    fuzzTarget({ target: { name: "planted", samples, read }, inputs: INPUTS, seed: 1 });
  await assert.rejects(
    feed((bytes) => bytes.length === 3 && bytes.at(99)?.toFixed(1) === undefined && JSON.parse("{")),
    /planted broke on 0x/,
  );
  const refuse = (): never => {
    throw new WeftError({ code: "malformed", message: "never" });
  };
  await assert.rejects(feed(refuse), /a true sample is refused as malformed/);
  const fault = (bytes: Uint8Array): void => {
    if (bytes.length !== 4) throw new WeftError({ code: "internal", message: "a fault of one's own" });
  };
  await assert.rejects(feed(fault), /planted broke on/);
});
