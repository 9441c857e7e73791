import type { History, Step } from "./history.ts";
import { runHistory } from "./runHistory.ts";
import type { WriteTrap } from "./seat.ts";

/** How a write can end badly. */
export const BAD_ENDS: readonly Omit<WriteTrap, "after">[] = [
  { kind: "dies", takesEffect: false },
  { kind: "dies", takesEffect: true },
  { kind: "fails", takesEffect: false },
  { kind: "fails", takesEffect: true },
];

/** Alice has something of everything to write to her disk, dave comes and goes. */
const STEPS: readonly Step[] = [
  { kind: "send", who: 0, whom: 0, pauseMs: 300 },
  { kind: "add", who: 0, whom: 3, pauseMs: 2_500 },
  { kind: "send", who: 1, whom: 0, pauseMs: 0 },
  { kind: "rename", who: 0, whom: 1, pauseMs: 400 },
  { kind: "send", who: 0, whom: 0, pauseMs: 1_500 },
  { kind: "reorg", who: 0, whom: 1, pauseMs: 1_500 },
  { kind: "remove", who: 0, whom: 3, pauseMs: 1_000 },
  { kind: "delete-other", who: 0, whom: 1, pauseMs: 1_500 },
];

/**
 * Plays one history again and again; each time another one of somebody's writes ends badly, in the ways that `endsOf`
 * gives for it. Gives the number of those writes. What fails is thrown with its history.
 */
export async function failEveryWrite(params: {
  seat: "alice" | "dave";
  endsOf: (write: number) => readonly Omit<WriteTrap, "after">[];
}): Promise<number> {
  const { seat, endsOf } = params;
  for (let write = 0; ; write++) {
    for (const end of endsOf(write)) {
      const trap = { seat, after: write, ...end };
      if (!(await play({ seed: 1, base: 1, faults: 0, steps: STEPS, trap }))) return write;
    }
  }
}

/** True if it came to that write. */
async function play(history: History): Promise<boolean> {
  try {
    return (await runHistory(history)).isSprung;
  } catch (cause) {
    throw new Error(`npm run soak -- --history '${JSON.stringify(history)}'`, { cause });
  }
}
