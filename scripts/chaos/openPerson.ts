import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Acts, Ask, Word } from "./acts.ts";

const program = fileURLToPath(new URL("./personProcess.ts", import.meta.url));

/** A client's process through all its runs: it comes and goes, its database stays. */
export type Person = AsyncDisposable & {
  /** Rejects with its error's code, `late`, or `gone` if the process ends before it answers. */
  readonly ask: <Name extends keyof Acts>(
    act: Name,
    given: Acts[Name]["given"],
    limitMs?: number,
  ) => Promise<Acts[Name]["answer"]>;
  readonly isRunning: () => boolean;
  /** Another process on the same database; does not open it yet. */
  readonly start: () => void;
  readonly kill: () => Promise<void>;
  readonly freeze: () => void;
  readonly goOn: () => void;
};

const ANSWER_MS = 15_000;

export function openPerson(params: {
  env: Readonly<Record<string, string>>;
  onWord: (word: Exclude<Word, { kind: "answer" }>) => void;
  /** It ended, and nobody had killed it. */
  onEnd: (how: string) => void;
}): Person {
  let running: ChildProcess | undefined;
  let turns = 0;
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const wanted = new WeakSet<ChildProcess>();
  const hear = (word: Word): void => {
    if (word.kind !== "answer") {
      params.onWord(word);
      return;
    }
    const asked = waiting.get(word.turn);
    waiting.delete(word.turn);
    if (word.error === undefined) asked?.resolve(word.value);
    else asked?.reject(new Error(word.error));
  };
  const start = (): void => {
    if (running !== undefined) return;
    const child = fork(program, { env: { ...process.env, ...params.env } });
    running = child;
    wanted.add(child);
    child.on("message", (message) => hear(message as Word));
    child.on("error", () => undefined);
    child.on("exit", (code, signal) => {
      if (running === child) running = undefined;
      for (const asked of waiting.values()) asked.reject(new Error("gone"));
      waiting.clear();
      if (wanted.has(child)) params.onEnd(signal === null ? `with code ${code}` : `with ${signal}`);
    });
  };
  const kill = async (): Promise<void> => {
    const child = running;
    if (child === undefined) return;
    wanted.delete(child);
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  const ask = async (act: keyof Acts, given: unknown, limitMs = ANSWER_MS): Promise<unknown> => {
    if (running === undefined) throw new Error("gone");
    const asked = Promise.withResolvers<unknown>();
    const turn = ++turns;
    waiting.set(turn, asked);
    running.send({ turn, act, given } satisfies Ask, () => undefined);
    const timer = setTimeout(() => asked.reject(new Error("late")), limitMs);
    try {
      return await asked.promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(turn);
    }
  };
  return {
    ask: ask as Person["ask"],
    isRunning: () => running !== undefined,
    ...{ start, kill },
    freeze: () => void running?.kill("SIGSTOP"),
    goOn: () => void running?.kill("SIGCONT"),
    [Symbol.asyncDispose]: kill,
  };
}
