import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/** Reads a line from the terminal, which does not show it, or the first line of standard input. */
export async function askSecret(params: { question: string; signal: AbortSignal }): Promise<string> {
  const { question, signal } = params;
  const { stdin, stderr } = process;
  const isTerminal = stdin.isTTY === true;
  if (isTerminal) stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: silent, terminal: isTerminal });
  lines.on("SIGINT", () => process.emit("SIGINT"));
  const close = (): void => lines.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    for await (const line of lines) return line.trim();
    return "";
  } finally {
    signal.removeEventListener("abort", close);
    lines.close();
    if (isTerminal) stderr.write("\n");
  }
}
