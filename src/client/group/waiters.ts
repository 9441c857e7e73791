import { WeftError } from "../../errors.ts";
import type { Intent, IntentOutcome } from "../../reconciler/records/intent.ts";
import type { Hex } from "../../wire/ids.ts";
import type { CoreParts } from "./core.ts";
import type { IntentHandle, IntentWaiter } from "./intentHandle.ts";

type Progressing = Pick<Intent, "id" | "progress" | "acknowledged">;

const DELIVERED: IntentOutcome = { kind: "delivered" };

/** Gives the handle of an intent, the same for as long as it is open. */
export function handleOf(core: CoreParts<"waiters">, intent: Progressing): IntentHandle {
  const known = core.waiters.get(intent.id);
  if (known) return known.handle;
  const waiter = createWaiter(intent.id);
  core.waiters.set(intent.id, waiter);
  notifyIntent(core, intent);
  return waiter.handle;
}

/** Tells those who hold the intent's handle how far it is. */
export function notifyIntent(core: CoreParts<"waiters">, intent: Progressing): void {
  const waiter = core.waiters.get(intent.id);
  if (!waiter) return;
  if (intent.acknowledged) waiter.acknowledge(DELIVERED);
  if (intent.progress.kind !== "settled") return;
  waiter.settle(intent.progress.outcome);
  core.waiters.delete(intent.id);
}

/** Rejects the promises of all handles with `closed`. */
export function closeWaiters(core: CoreParts<"waiters">): void {
  const error = new WeftError({
    code: "closed",
    message: "the client was closed; the intent stays in its outbox",
  });
  for (const waiter of core.waiters.values()) waiter.close(error);
  core.waiters.clear();
}

function createWaiter(id: Hex): IntentWaiter {
  const acknowledged = Promise.withResolvers<IntentOutcome>();
  const settled = Promise.withResolvers<IntentOutcome>();
  for (const { promise } of [acknowledged, settled]) promise.catch(() => undefined);
  return {
    handle: { id, acknowledged: acknowledged.promise, settled: settled.promise },
    acknowledge: acknowledged.resolve,
    settle: (outcome) => {
      acknowledged.resolve(outcome);
      settled.resolve(outcome);
    },
    close: (error) => {
      acknowledged.reject(error);
      settled.reject(error);
    },
  };
}
