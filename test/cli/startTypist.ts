import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { until } from "../support/until.ts";

const commandLine = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** A `weft` with somebody at its keyboard. */
export type Typist = AsyncDisposable & {
  readonly type: (text: string) => void;
  /** Resolves when the screen has shown `pattern` since the last `sees`. */
  readonly sees: (pattern: RegExp) => Promise<void>;
  /** The same, and gives what it has shown. */
  readonly seen: (pattern: RegExp) => Promise<string>;
  /** Ends the input. */
  readonly end: () => void;
  readonly interrupt: () => void;
  /** The exit code. */
  readonly exited: Promise<number>;
};

/** Starts `weft …` in `directory` with pipes, or in a terminal of its own that `script` provides. */
export function startTypist(params: {
  directory: string;
  args: readonly string[];
  inTerminal?: boolean;
}): Typist {
  const { directory, args, inTerminal = false } = params;
  const command = [process.execPath, commandLine, ...args];
  const [file = "", ...rest] = inTerminal
    ? ["script", "-qfec", command.map((word) => `'${word}'`).join(" "), "/dev/null"]
    : command;
  const env = { ...process.env, NO_COLOR: "1", TERM: "xterm", COLUMNS: "100", LINES: "40" };
  const child = spawn(file, rest, { cwd: directory, env, stdio: ["pipe", "pipe", "pipe"] });
  let printed = "";
  let seen = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  const exited = exitOf(child);
  const see = async (pattern: RegExp): Promise<string> => {
    let shown: string | undefined;
    const isShown = () => {
      const match = pattern.exec(printed.slice(seen));
      if (match) seen += match.index + match[0].length;
      shown = match?.[0];
      return match !== null;
    };
    await until(String(pattern), isShown).catch((error: Error) => {
      throw new Error(`${error.message}; ${args.join(" ")} showed:\n${printed}`);
    });
    return shown ?? "";
  };
  return {
    type: (text) => void child.stdin.write(text),
    sees: async (pattern) => void (await see(pattern)),
    seen: see,
    end: () => void child.stdin.end(),
    interrupt: () => void child.kill("SIGINT"),
    exited,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function exitOf(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, "close")) as [number | null];
  return code ?? -1;
}
