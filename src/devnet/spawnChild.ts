import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { readEnvironment } from "../config.ts";
import { openNodeControl, type TellPeerLimit } from "./nodeControl.ts";

/** A process that cannot outlive this one. */
export type Child = AsyncDisposable & {
  readonly pid: number | undefined;
  /** Settles when the process is gone, with the reason in words. */
  readonly exited: Promise<string>;
  readonly kill: (signal: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT") => void;
  readonly tellPeerLimit: TellPeerLimit;
};

const TERMINATION_TIMEOUT_MS = 10_000;

/**
 * Waits for the end of its input, which the kernel closes when this process dies, however it dies; then ends the
 * child, by force if it does not listen for ten seconds. The child has a process group of its own, so that Ctrl-C in a terminal reaches it only through us.
 */
const WATCHED = `
exec 3<&0
(cat <&3; kill -TERM $$
 for second in 1 2 3 4 5 6 7 8 9 10; do kill -0 $$ || exit; sleep 1; done
 kill -KILL $$) >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null`;

/**
 * Starts a program; every line that it prints goes to `onLine`, or standard error to a file descriptor. Disposing sends
 * SIGTERM, then SIGKILL after 10 s, and waits until the process is gone. Needs a POSIX shell.
 */
export function spawnChild(params: {
  command: string;
  args: readonly string[];
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  stderr?: number;
  onLine: (line: string) => void;
}): Child {
  const child = spawn("/bin/sh", ["-c", WATCHED, "sh", params.command, ...params.args], {
    // The watch takes the fourth for itself; the fifth is the channel of `nodeControl`.
    stdio: ["pipe", "pipe", params.stderr ?? "pipe", "ignore", "ipc"],
    detached: true,
    ...(params.cwd === undefined ? {} : { cwd: params.cwd }),
    env: { ...readEnvironment(), ...params.env },
  });
  for (const stream of [child.stdout, child.stderr]) if (stream !== null) readLines(stream, params.onLine);
  // What it can't be told, or be killed by, is seen by its exit.
  for (const emitter of [child, child.stdin]) emitter?.on("error", () => undefined);
  // Ends the watch of a process that is gone, whose number the kernel may give away again.
  child.once("exit", () => child.stdin?.destroy());
  const exited = once(child, "exit").then(
    ([code, signal]) => `ended with ${code === null ? `signal ${signal}` : `code ${code}`}`,
    (error: unknown) => `could not be started: ${error}`,
  );
  return {
    pid: child.pid,
    exited,
    kill: (signal) => void child.kill(signal),
    tellPeerLimit: openNodeControl({ child, exited }),
    [Symbol.asyncDispose]: () => terminate({ child, exited }),
  };
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream }).on("line", onLine);
}

async function terminate(params: { child: ChildProcess; exited: Promise<string> }): Promise<void> {
  const { child, exited } = params;
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM");
    // One that was stopped takes it only when it goes on.
    child.kill("SIGCONT");
  }
  const timer = setTimeout(() => child.kill("SIGKILL"), TERMINATION_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
