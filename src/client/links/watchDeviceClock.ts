import { steadyMs } from "../../clock/steadyMs.ts";
import type { CoreParts } from "../group/core.ts";
import { type DeviceClock, deviceClock } from "../nodes/chainTime.ts";

/** How long the clock has to be wrong before the app hears of it: after a sleep the first blocks may be old ones. */
const CONFIRM_MS = 3_000;
const LOOK_MS = 500;

/** Tells the app when the device's clock is found wrong, and when it is right again. */
export function watchDeviceClock(core: CoreParts<"links" | "events" | "logger">): void {
  const { links, events, logger } = core;
  let told: Pick<DeviceClock, "isWrong"> = { isWrong: false };
  let changedAtMs: number | undefined;
  let lookedAtMs = 0;
  links.onHeard = () => {
    if (steadyMs() < lookedAtMs + LOOK_MS) return;
    lookedAtMs = steadyMs();
    const clock = deviceClock(links);
    if (!clock || clock.isWrong === told.isWrong) {
      changedAtMs = undefined;
      return;
    }
    changedAtMs ??= steadyMs();
    if (steadyMs() < changedAtMs + CONFIRM_MS) return;
    told = clock;
    changedAtMs = undefined;
    logger.warn(clock, clock.isWrong ? "the device's clock is wrong" : "the device's clock is right again");
    events.emit({ kind: "clock", ...clock });
  };
}
