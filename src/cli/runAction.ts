import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import pc from "picocolors";
import { steadyMs } from "../clock/steadyMs.ts";
import { errorHints, isWeftError } from "../errors.ts";

/** A second Ctrl-C within this time is the first one, passed on again by npm. */
const REPEAT_MS = 1_000;
/** What a shell expects of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * Runs what a command does. Ctrl-C, SIGTERM and SIGHUP abort `signal`, and the command stops what it started; a
 * second Ctrl-C gives up waiting. A fault becomes a message with its hint and exit code 1.
 */
export async function runAction(params: {
  command: Command;
  act: (signal: AbortSignal) => Promise<number>;
}): Promise<void> {
  const { command, act } = params;
  const { debug = false } = command.optsWithGlobals<{ debug?: boolean }>();
  const stopping = new AbortController();
  let since = 0;
  const onSignal = () => {
    if (since !== 0 && steadyMs() - since > REPEAT_MS) process.exit(INTERRUPTED);
    since ||= steadyMs();
    stopping.abort();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
  // Whoever read the output has gone, as `head` does.
  process.stdout.on("error", () => stopping.abort());
  process.stderr.on("error", () => undefined);
  try {
    process.exitCode = await act(stopping.signal);
  } catch (error) {
    process.exitCode = stopping.signal.aborted ? INTERRUPTED : 1;
    if (!stopping.signal.aborted || debug) process.stderr.write(describeFault({ error, debug }));
  }
  // Whatever still holds the process would only delay the prompt.
  await flush();
  process.exit();
}

/** Resolves when `signal` aborts. */
export async function untilStopped(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await delay(2 ** 30, undefined, { signal }).catch(() => undefined);
}

function describeFault(params: { error: unknown; debug: boolean }): string {
  const { error, debug } = params;
  const message = error instanceof Error ? error.message : String(error);
  const lines = [`${pc.red("error")} ${message}`];
  if (isWeftError(error)) lines.push(`${pc.dim("hint")}  ${error.hint} ${pc.dim(`(${error.code})`)}`);
  else if (!debug) lines.push(`${pc.dim("hint")}  ${errorHints.internal} (--debug tells more)`);
  if (debug && error instanceof Error) lines.push(String(error.stack), ...describeCause(error.cause));
  return `${lines.join("\n")}\n`;
}

function describeCause(cause: unknown): string[] {
  if (cause === undefined) return [];
  return [`cause ${cause instanceof Error ? cause.stack : String(cause)}`];
}

/** Standard output may be a pipe that is still being read. */
function flush(): Promise<void> {
  return new Promise((resolve) => process.stdout.write("", () => resolve()));
}
