import type { Interface } from "node:readline";

/**
 * The lines from now on, none lost before somebody reads them, as readline's own iterator does. `onLine` sees each at
 * once.
 */
export function linesOf(params: {
  reader: Interface;
  onLine?: (line: string) => void;
}): AsyncIterable<string> {
  const { reader, onLine } = params;
  const waiting: string[] = [];
  let isClosed = false;
  let wake = () => {};
  reader.on("line", (line) => {
    onLine?.(line);
    waiting.push(line);
    wake();
  });
  reader.once("close", () => {
    isClosed = true;
    wake();
  });
  async function* read(): AsyncGenerator<string> {
    for (;;) {
      const line = waiting.shift();
      if (line !== undefined) yield line;
      else if (isClosed) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  return read();
}
