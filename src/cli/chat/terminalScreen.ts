import { createInterface, type Interface } from "node:readline";
import { linesOf } from "./linesOf.ts";
import { rowsOf, typedRowsOf } from "./rowsOf.ts";
import type { Complete, Screen } from "./screen.ts";

type Printed = { readonly key: string | undefined; readonly rows: number | undefined };

/** More than a terminal shows. */
const PRINTED_KEPT = 200;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

const up = (rows: number): string => (rows > 0 ? `\x1b[${rows}A` : "");
const down = (rows: number): string => (rows > 0 ? `\x1b[${rows}B` : "");
const column = (zeroBased: number): string => `\x1b[${zeroBased + 1}G`;
const CLEAR_LINE = "\x1b[2K";
const CLEAR_BELOW = "\x1b[J";

/** A terminal where what comes in never tears the line that is being typed. */
export function openTerminalScreen(params: { signal: AbortSignal; complete: Complete }): Screen {
  const { signal, complete } = params;
  const output = process.stdout;
  const reader = createInterface({ input: process.stdin, output, completer: complete, prompt: "› " });
  let printed: Printed[] = [];
  const forget = () => {
    printed = [];
  };
  output.on("resize", forget);
  const close = () => reader.close();
  reader.on("SIGINT", close);
  signal.addEventListener("abort", close, { once: true });
  const remember = (one: Printed) => {
    printed = [...printed.slice(1 - PRINTED_KEPT), one];
  };

  let isClosed = false;
  const print = (text: string, key?: string) => {
    if (isClosed) return void output.write(`${text}\n`);
    remember({ key, rows: rowsOf(text, sizeOf(output).columns) });
    const { rows } = reader.getCursorPos();
    // readline redraws from as many rows above the cursor as its own line has.
    output.write(`${up(rows)}\r${CLEAR_BELOW}${text}\n${"\n".repeat(rows)}`);
    reader.prompt(true);
  };
  const lines = linesOf({ reader, onLine: (line) => takeLine({ reader, line, forget, remember }) });
  reader.once("close", () => {
    isClosed = true;
    output.write("\n");
  });
  return {
    lines,
    print,
    rewrite: ({ key, text }) => !isClosed && rewrite({ reader, printed, key, text }),
    setPrompt: (prompt) => {
      reader.setPrompt(prompt);
      if (!isClosed) reader.prompt(true);
    },
    isTerminal: true,
    [Symbol.dispose]: () => {
      output.off("resize", forget);
      signal.removeEventListener("abort", close);
      reader.close();
    },
  };
}

/** What was said comes back as a line of the conversation, so its echo goes; a command's stays. */
function takeLine(params: {
  reader: Interface;
  line: string;
  forget: () => void;
  remember: (printed: Printed) => void;
}): void {
  const { reader, line, forget, remember } = params;
  const rows = typedRowsOf(`${reader.getPrompt()}${line}`, sizeOf(process.stdout).columns);
  if (rows === undefined) forget();
  else if (line.startsWith("/")) remember({ key: undefined, rows });
  else process.stdout.write(`${up(rows)}\r${CLEAR_BELOW}`);
  reader.prompt();
}

function rewrite(params: {
  reader: Interface;
  printed: readonly Printed[];
  key: string;
  text: string;
}): boolean {
  const { reader, printed, key, text } = params;
  const { columns, rows: screenRows } = sizeOf(process.stdout);
  const index = printed.findLastIndex((one) => one.key === key);
  const rows = rowsOf(text, columns);
  if (index < 0 || rows === undefined || rows !== printed[index]?.rows) return false;
  const cursor = reader.getCursorPos();
  let above = cursor.rows;
  for (const one of printed.slice(index)) {
    if (one.rows === undefined) return false;
    above += one.rows;
  }
  if (above >= screenRows) return false;
  const clear = Array<string>(rows).fill(CLEAR_LINE).join(down(1)) + up(rows - 1);
  process.stdout.write(`${up(above)}${clear}\r${text}${down(above - rows + 1)}${column(cursor.cols)}`);
  return true;
}

/** A terminal that does not know its size says 0. */
function sizeOf({ columns, rows }: { columns?: number; rows?: number }) {
  return { columns: columns || DEFAULT_COLUMNS, rows: rows || DEFAULT_ROWS };
}
