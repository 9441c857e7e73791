import { WeftError } from "../../errors.ts";

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 } as const;

/** Reads a time such as "30s", "5m", "1h", "7d" or "2w"; "off" is 0. Throws `bad-config` for anything else. */
export function parseSeconds(text: string): number {
  if (text === "off") return 0;
  const [, count, unit] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return Number(count) * SECONDS[unit as keyof typeof SECONDS];
  throw new WeftError({
    code: "bad-config",
    message: `not a time: ${text}`,
    hint: "Such as 30s, 5m, 1h, 7d, 2w, or off.",
  });
}

/** The same the other way round, in the largest unit that gives a whole number. */
export function formatSeconds(seconds: number): string {
  const units = Object.entries(SECONDS).toReversed();
  const [unit, size] = units.find(([, size]) => seconds % size === 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}
