import assert from "node:assert/strict";
import { test } from "node:test";
import { openTurns } from "../../src/rpc/turns.ts";

const signal = new AbortController().signal;
const over = { code: "limit-exceeded" };

test("calls of one address that wait are bounded; streams wait as long as it takes, and the others' turns come between", async () => {
  const refused: string[] = [];
  const turns = openTurns({
    perKey: 1,
    total: 1,
    maxWaiting: 2,
    what: "reads",
    onRefusal: (what) => refused.push(what),
  });
  const opened = Promise.withResolvers<void>();
  const order: string[] = [];
  const take = (key: string, name: string, isStream: boolean, until: Promise<void> = Promise.resolve()) =>
    turns.take({ key, isStream, signal, act: () => until.then(() => void order.push(name)) });
  const all = [take("a", "a0", false, opened.promise)];
  for (let i = 1; i <= 5; i++) all.push(take("a", `stream ${i}`, true));
  all.push(take("a", "call 1", false), take("a", "call 2", false));
  await assert.rejects(take("a", "call 3", false), over);
  all.push(take("b", "b1", false));
  opened.resolve();
  await Promise.all(all);
  assert.deepEqual(order.slice(0, 3), ["a0", "stream 1", "b1"]);
  assert.deepEqual(
    new Set(order.slice(3)),
    new Set([2, 3, 4, 5].map((i) => `stream ${i}`).concat("call 1", "call 2")),
  );
  assert.deepEqual(refused, ["reads"]);
  await take("a", "again", false);
});

test("a stream that ends while it waits leaves its place, and a call's ends with its caller's reason", async () => {
  const turns = openTurns({ perKey: 1, total: 1, maxWaiting: 1, what: "reads", onRefusal: () => undefined });
  const opened = Promise.withResolvers<void>();
  const first = turns.take({ key: "a", isStream: false, signal, act: () => opened.promise });
  for (const isStream of [true, false]) {
    const ending = new AbortController();
    const reason = new Error("gone");
    const waits = turns.take({
      key: "a",
      isStream,
      signal: ending.signal,
      act: async () => assert.fail("its turn"),
    });
    ending.abort(reason);
    await assert.rejects(waits, reason);
  }
  const next = turns.take({ key: "a", isStream: false, signal, act: async () => "next" });
  opened.resolve();
  await first;
  assert.equal(await next, "next");
});
