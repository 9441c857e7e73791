/**
 * To be imported before all else in a process whose clock is to be wrong: by so many milliseconds as the file that
 * WEFT_CHAOS_CLOCK names says, which is read again and again. The monotonic clock and timers stay as they are.
 */
import { readFileSync } from "node:fs";

const READ_EVERY_MS = 250;

const RightDate = Date;
const file = process.env.WEFT_CHAOS_CLOCK ?? "";
let wrongByMs = readOffset() ?? 0;

class ShiftedDate extends RightDate {
  constructor(...given: readonly unknown[]) {
    if (given.length === 0) super(ShiftedDate.now());
    else super(...(given as [number]));
  }

  static override now(): number {
    return RightDate.now() + wrongByMs;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
if (file !== "") {
  setInterval(() => {
    wrongByMs = readOffset() ?? wrongByMs;
  }, READ_EVERY_MS).unref();
}

/** Undefined while the file is not there or being written. */
function readOffset(): number | undefined {
  try {
    const written = readFileSync(file, "utf8");
    return written === "" ? undefined : Number(written);
  } catch {
    return undefined;
  }
}
