import type { StreamedEvent } from "../../index.ts";

/** That the device's clock is wrong, or right again, in words. */
export function formatClock({ offsetMs, isWrong }: Extract<StreamedEvent, { kind: "clock" }>): string {
  if (!isWrong) return "this device's clock is right again";
  const direction = offsetMs > 0 ? "ahead" : "behind";
  return `this device's clock is wrong: ${spanOf(Math.abs(offsetMs))} ${direction}. Set it, so that times are shown right.`;
}

function spanOf(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
