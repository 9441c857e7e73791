import type { ClientCore, Online } from "./core.ts";
import { keepVerdicts } from "./coverage/keepVerdicts.ts";
import type { Group } from "./groups/group.ts";
import { keepChecking } from "./links/checkServing.ts";
import { keepComparing } from "./links/keepComparing.ts";
import { deliver } from "./outbox/deliver.ts";
import { driveOutbox } from "./outbox/driveOutbox.ts";
import { runTask } from "./runTask.ts";
import { keepRotation } from "./upkeep/keepRotation.ts";
import { keepUpkeep } from "./upkeep/keepUpkeep.ts";

/** A group's outbox, upkeep, rotation and watch work for as long as the client is online. */
export function startGroupLoops(params: { core: ClientCore; group: Group; online: Online }): void {
  const { core, group, online } = params;
  if (online.loopsOf.has(group.id)) return;
  online.loopsOf.add(group.id);
  const { signal } = online.controller;
  runTask({ core, online, name: "outbox", task: () => driveOutbox({ core, group, signal }) });
  runTask({ core, online, name: "upkeep", task: () => keepUpkeep({ core, group, signal }) });
  runTask({ core, online, name: "serving", task: () => keepChecking({ core, group, signal }) });
  runTask({ core, online, name: "topic", task: () => keepComparing({ core, group, signal }) });
  runTask({ core, online, name: "fence", task: () => keepVerdicts({ core, group, signal }) });
  const { rotation } = core;
  if (rotation !== "off") {
    runTask({ core, online, name: "rotation", task: () => keepRotation({ core, group, rotation, signal }) });
  }
  runTask({ core, online, name: "delivery", task: () => deliver({ core, group, signal }) });
}
