import { isStorageFault } from "../errors.ts";
import { type GroupId, type MessageId, toHex } from "../wire/ids.ts";
import { tables } from "./database/tables.ts";
import { changeGroup } from "./group/changeGroup.ts";
import { changeTold } from "./group/changeTold.ts";
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
    const due = {
      core,
      group: toHex(fields.group) as GroupId,
      message: toHex(fields.id) as MessageId,
      atMs,
      nowMs,
    };
    const step = await erase(due);
    if (step === "more") return "go-on";
    count++;
    isLeft ||= step === "later";
    if (core.closing.signal.aborted) return {};
  }
  if (isLeft) return { timeoutMs: RETRY_MS };
  return count === 0 ? {} : "go-on";
}

type Due = Omit<Parameters<typeof eraseExpired>[0], "core" | "intents"> & { readonly core: ClientCore };

/** Makes one step in the group's queue; `later`: a failed write is to be looked after first. */
async function erase(due: Due): Promise<"done" | "more" | "later"> {
  const { core } = due;
  const group = core.groups.get(due.group);
  if (!group) {
    return await core.joins.run(async () => {
      const { change, isWhole } = await eraseExpired({ ...due, intents: [] });
      const { writes = [], events = [] } = change;
      await changeTold({ core, group: due.group, writes, events });
      return isWhole ? "done" : "more";
    });
  }
  return await group.queue.run(async () => {
    if (group.isDoubtful) return "later";
    const { change, isWhole } = await eraseExpired({ ...due, intents: group.view.intents });
    await changeGroup({ core, group, change });
    return isWhole ? "done" : "more";
  });
}
