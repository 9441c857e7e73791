import { equalBytes } from "../crypto/equalBytes.ts";
import { u32 } from "./bytes.ts";
import { MAX_DISAPPEARING_SECONDS } from "./limits.ts";
import { readNumbered, writeNumbered } from "./numbered.ts";

/** The number of this setting among a group's settings; a group in which messages stay has none. */
const DISAPPEARING_NUMBER = 2;
const VALUE_BYTES = 4;

/** True for seconds that a group may set: 0 stands for off. */
export function areDisappearingSeconds(seconds: number): boolean {
  return Number.isSafeInteger(seconds) && seconds >= 0 && seconds <= MAX_DISAPPEARING_SECONDS;
}

/**
 * Reads from a group's settings after how many seconds its messages disappear; 0: they stay. `undefined` for a setting
 * of another form than seconds (u32) from 1 to MAX_DISAPPEARING_SECONDS. Never throws.
 */
export function readDisappearing(settings: Uint8Array): number | undefined {
  const value = readNumbered(settings)?.find(({ number }) => number === DISAPPEARING_NUMBER)?.value;
  if (!value) return 0;
  const seconds =
    value.length === VALUE_BYTES ? new DataView(value.buffer, value.byteOffset).getUint32(0) : 0;
  return seconds > 0 && areDisappearingSeconds(seconds) ? seconds : undefined;
}

/** Settings with these seconds in the place of those that they had. Throws `malformed` for settings of another form. */
export function withDisappearing(settings: Uint8Array, seconds: number): Uint8Array {
  const others = othersIn(settings);
  const own = seconds > 0 ? [{ number: DISAPPEARING_NUMBER, value: u32(seconds) }] : [];
  return writeNumbered([...others, ...own].sort((a, b) => a.number - b.number));
}

/** True if two groups' settings are the same but for this one. */
export function areOthersEqual(settings: Uint8Array, others: Uint8Array): boolean {
  return equalBytes(withDisappearing(settings, 0), withDisappearing(others, 0));
}

function othersIn(settings: Uint8Array) {
  return (readNumbered(settings) ?? []).filter(({ number }) => number !== DISAPPEARING_NUMBER);
}
