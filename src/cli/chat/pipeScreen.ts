import { createInterface } from "node:readline";
import { linesOf } from "./linesOf.ts";
import type { Screen } from "./screen.ts";

/** For scripts and tests: lines in, lines out. */
export function openPipeScreen(params: { signal: AbortSignal }): Screen {
  const { signal } = params;
  const reader = createInterface({ input: process.stdin, terminal: false });
  const close = () => reader.close();
  signal.addEventListener("abort", close, { once: true });
  return {
    lines: linesOf({ reader }),
    print: (text) => void process.stdout.write(`${text}\n`),
    rewrite: () => false,
    setPrompt: () => {},
    isTerminal: false,
    [Symbol.dispose]: () => {
      signal.removeEventListener("abort", close);
      reader.close();
    },
  };
}
