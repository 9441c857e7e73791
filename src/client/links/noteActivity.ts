import { steadyMs } from "../../clock/steadyMs.ts";
import type { Group } from "../group/group.ts";

/** A conversation in which nothing was said for longer is compared at once when it goes on. */
const QUIET_MS = 10 * 60_000;

/** Notes that an envelope of the conversation has come or goes out. */
export function noteActivity(group: Group): void {
  const nowMs = steadyMs();
  if (group.activeAtMs + QUIET_MS < nowMs) group.topicWakeup.wake();
  group.activeAtMs = nowMs;
}
