import { isStorageFault } from "../errors.ts";
import { type GroupId, type MessageId, toHex } from "../wire/ids.ts";
import { tables } from "./database/tables.ts";
import type { ClientCore } from "./group/core.ts";
import { eraseExpired } from "./messages/eraseExpired.ts";
import { leastMs } from "./nodes/chainTime.ts";

/** Messages that disappear at once before others get a turn. */
const AT_ONCE = 64;
/** The longest wait: clocks may be put right, and devices sleep. */
const LOOK_MS = 60_000;
const RETRY_MS = 1_000;

/**
 * Lets messages disappear when they are due, as long as the client is open, online or not. Nothing goes early: the time
 * is the chain's, and the device's while nothing was heard of that. Never throws.
 */
export async function keepExpiring(core: ClientCore): Promise<void> {
  const { signal } = core.closing;
  while (!signal.aborted) {
    try {
      const wait = await eraseDue(core);
      if (wait !== "go-on") await core.expiryWakeup.wait({ signal, ...wait });
    } catch (error) {
      if (signal.aborted) return;
      if (isStorageFault(error)) core.onStorageFault(error);
      else core.logger.error({ err: error }, "messages do not disappear");
      await core.expiryWakeup.wait({ signal, timeoutMs: RETRY_MS });
    }
  }
}

/** Erases some of the messages that are due; gives how long nothing else is. */
async function eraseDue(core: ClientCore): Promise<"go-on" | { readonly timeoutMs?: number }> {
  const nowMs = leastMs(core.links);
  let count = 0;
  let isLeft = false;
  for await (const { fields } of tables.expiry.rows(core.database, { limit: AT_ONCE })) {
    const atMs = Number(fields.at);
    if (atMs > nowMs) return { timeoutMs: isLeft ? RETRY_MS : Math.min(atMs - nowMs, LOOK_MS) };
    const group = core.groups.get(toHex(fields.group) as GroupId);
    const message = toHex(fields.id) as MessageId;
    count++;
    if (group && !group.isDoubtful) {
      const erase = () => eraseExpired({ core, group, message, atMs, nowMs });
      if ((await group.queue.run(erase)) === "more") return "go-on";
    } else isLeft = true;
    if (core.closing.signal.aborted) return {};
  }
  if (isLeft) return { timeoutMs: RETRY_MS };
  return count === 0 ? {} : "go-on";
}
