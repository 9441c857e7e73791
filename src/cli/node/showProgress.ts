import { steadyMs } from "../../clock/steadyMs.ts";
import type { OnProgress } from "../../node/operating/saveBackup.ts";
import { formatBytes } from "./formatBytes.ts";

const PERIOD_MS = 250;
const CLEAR_LINE = "\r\u001b[2K";

/** One line on a terminal that says how far it is; nothing elsewhere. Disposing clears it. */
export function showProgress(): Disposable & { readonly onProgress: OnProgress } {
  const { stderr } = process;
  let shownMs = Number.NEGATIVE_INFINITY;
  return {
    onProgress: ({ bytes, expectedBytes }) => {
      if (!stderr.isTTY || steadyMs() - shownMs < PERIOD_MS) return;
      shownMs = steadyMs();
      const whole = expectedBytes === 0 ? "" : ` of about ${formatBytes(expectedBytes)}`;
      stderr.write(`${CLEAR_LINE}${formatBytes(bytes)}${whole}`);
    },
    [Symbol.dispose]: () => void (stderr.isTTY && stderr.write(CLEAR_LINE)),
  };
}
