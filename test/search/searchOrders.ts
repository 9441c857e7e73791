import fc from "fast-check";
import { histories } from "./history.ts";
import { runHistory } from "./runHistory.ts";

/** Between two looks at how many there were. */
const HISTORIES = 50;
/** What a failing history may take to be made smaller, too. */
const SHRINKING_MS = 120_000;

/**
 * Plays random histories until so many were shown to copies in all orders: in the others the one who reads along had
 * to act. Gives how many it took. Throws for one that fails, made smaller, with how to play it again.
 */
export async function searchOrders({ inAllOrders }: { inAllOrders: number }): Promise<number> {
  let played = 0;
  let shown = 0;
  const property = fc.asyncProperty(histories({ minLength: 4, maxLength: 10 }), async (history) => {
    played++;
    if ((await runHistory(history)).orders > 0) shown++;
  });
  while (shown < inAllOrders) {
    const result = await fc.check(property, { numRuns: HISTORIES, interruptAfterTimeLimit: SHRINKING_MS });
    const [failing] = result.counterexample ?? [];
    if (!failing) continue;
    throw new Error(`${result.errorInstance}\nnpm run soak -- --history '${JSON.stringify(failing)}'`);
  }
  return played;
}
