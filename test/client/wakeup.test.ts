import assert from "node:assert/strict";
import { test } from "node:test";
import { createWakeup } from "../../src/client/timing/wakeup.ts";

const never = new AbortController().signal;

/** Whether a wait ends before anything but what is due now happens. */
async function isOver(wait: Promise<void>): Promise<boolean> {
  const later = new Promise<false>((resolve) => void setImmediate(() => resolve(false)));
  return await Promise.race([wait.then(() => true as const), later]);
}

test("a wake before the wait is not lost, and counts once", async () => {
  const wakeup = createWakeup();
  wakeup.wake();
  wakeup.wake();
  assert.ok(await isOver(wakeup.wait({ signal: never })));
  assert.ok(!(await isOver(wakeup.wait({ signal: never }))));
});

test("one wake ends all waits", async () => {
  const wakeup = createWakeup();
  const waits = [wakeup.wait({ signal: never }), wakeup.wait({ signal: never })];
  wakeup.wake();
  assert.deepEqual(await Promise.all(waits.map(isOver)), [true, true]);
});

test("a wait that ends with its loop takes no wake from the loop that follows", async () => {
  const wakeup = createWakeup();
  const ending = new AbortController();
  const before = wakeup.wait({ signal: ending.signal });
  const after = wakeup.wait({ signal: never });
  ending.abort();
  assert.ok(await isOver(before));
  wakeup.wake();
  assert.ok(await isOver(after));
  wakeup.wake();
  assert.ok(await isOver(wakeup.wait({ signal: ending.signal })));
  assert.ok(await isOver(wakeup.wait({ signal: never })), "the wake was for who waits on");
});

test("a wait longer than timers go does not end at once", async () => {
  const ending = new AbortController();
  const wait = createWakeup().wait({ signal: ending.signal, timeoutMs: 2 ** 40 });
  assert.ok(!(await isOver(wait)));
  await new Promise((resolve) => void setTimeout(resolve, 5));
  assert.ok(!(await isOver(wait)));
  ending.abort();
  await wait;
});
