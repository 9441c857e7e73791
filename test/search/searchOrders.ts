import { checkHistories } from "./checkHistories.ts";
import type { Kinds } from "./history.ts";

/** Between two looks at how many there were. */
const RUNS = 20;
const LENGTHS = { minLength: 4, maxLength: 10 };

/**
 * Plays random histories until so many were shown to copies in all orders: in the others the one who reads along had
 * to act. Gives how many it took. Throws for one that fails, with how to play it again.
 */
export async function searchOrders(params: {
  inAllOrders: number;
  kinds: Kinds;
  /** Undefined: others each time. */
  seed: number | undefined;
}): Promise<number> {
  const { inAllOrders, kinds } = params;
  let { seed } = params;
  let played = 0;
  let shown = 0;
  for (; shown < inAllOrders; seed = seed && seed + 1) {
    const failed = await checkHistories({
      runs: RUNS,
      lengths: LENGTHS,
      kinds,
      ...(seed === undefined ? {} : { seed }),
      onPlayed: ({ orders }) => {
        played++;
        if (orders > 0) shown++;
      },
    });
    if (!failed) continue;
    throw new Error(`${failed.error}\nnpm run soak -- --history '${JSON.stringify(failed.history)}'`);
  }
  return played;
}
