import { steadyMs } from "../../clock/steadyMs.ts";
import type { HistoryProgress } from "../../index.ts";
import { formatBytes } from "../node/formatBytes.ts";

const PERIOD_MS = 250;
const CLEAR_LINE = "\r\u001b[2K";

/** One line on a terminal that says how far a history is; nothing elsewhere. Disposing clears it. */
export function historyLine(): Disposable & { readonly onProgress: (progress: HistoryProgress) => void } {
  const { stderr } = process;
  let shownMs = Number.NEGATIVE_INFINITY;
  return {
    onProgress: ({ messages, expected, bytes }) => {
      if (!stderr.isTTY || steadyMs() - shownMs < PERIOD_MS) return;
      shownMs = steadyMs();
      const all = Math.max(messages, expected);
      stderr.write(`${CLEAR_LINE}${messages} of about ${all} messages, ${formatBytes(bytes)}`);
    },
    [Symbol.dispose]: () => void (stderr.isTTY && stderr.write(CLEAR_LINE)),
  };
}
