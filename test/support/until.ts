import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 10;
const GIVE_UP_MS = 60_000;

/** Resolves once `condition` holds; fails, naming `what`, after a minute unless told. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  giveUpMs = GIVE_UP_MS,
): Promise<void> {
  const end = performance.now() + giveUpMs;
  while (!(await condition())) {
    if (performance.now() > end) assert.fail(`never came: ${what}`);
    await delay(POLL_MS);
  }
}
