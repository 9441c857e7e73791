import { waitMs } from "../clock/waitMs.ts";
import { keepVerdicts } from "./coverage/keepVerdicts.ts";
import type { ClientCore, Online } from "./group/core.ts";
import type { Group } from "./group/group.ts";
import { startDelayMs } from "./group/manyGroups.ts";
import { keepChecking } from "./links/checkServing.ts";
import { keepComparing } from "./links/keepComparing.ts";
import { deliver } from "./outbox/deliver.ts";
import { driveOutbox } from "./outbox/driveOutbox.ts";
import { runTask } from "./runTask.ts";
import { keepRotation } from "./upkeep/keepRotation.ts";
import { keepUpkeep } from "./upkeep/keepUpkeep.ts";

/** Starts a group's outbox, upkeep, rotation and checks, for as long as the client is online. */
export function startGroupLoops(params: { core: ClientCore; group: Group; online: Online }): void {
  const { core, group, online } = params;
  if (online.loopsOf.has(group.id)) return;
  online.loopsOf.add(group.id);
  const signal = AbortSignal.any([online.controller.signal, group.forgotten.signal]);
  const { rotation } = core;
  const delayMs = startDelayMs({ core, online });
  const start = (name: string, task: () => Promise<void>): void =>
    runTask({ core, online, signal, name, task });
  const startLater = (name: string, task: () => Promise<void>): void =>
    start(name, async () => {
      if (delayMs > 0) await waitMs({ ms: delayMs, signal });
      await task();
    });
  start("outbox", () => driveOutbox({ core, group, signal }));
  startLater("upkeep", () => keepUpkeep({ core, group, signal }));
  startLater("serving", () => keepChecking({ core, group, signal }));
  startLater("topic", () => keepComparing({ core, group, signal }));
  startLater("fence", () => keepVerdicts({ core, group, signal }));
  if (rotation !== "off") startLater("rotation", () => keepRotation({ core, group, rotation, signal }));
  start("delivery", () => deliver({ core, group, signal }));
}
