import type { Level } from "level";
import { type ErrorCode, isWeftError, WeftError } from "../errors.ts";

type Cause = {
  readonly sign: RegExp;
  readonly code: ErrorCode;
  readonly why: string;
  readonly hint?: string;
};

/** How stores and systems word the faults that we know. The first match counts; other faults are `storage`. */
const causes: readonly Cause[] = [
  {
    sign: /ENOSPC|No space left|EDQUOT|quota exceeded|QuotaExceeded/i,
    code: "disk-full",
    why: "the disk is full",
  },
  {
    sign: /LEVEL_LOCKED/,
    code: "storage",
    why: "it is in use",
    hint: "Another process uses this directory: stop it or name another directory.",
  },
  {
    sign: /LEVEL_CORRUPTION|Corruption|does not exist \(create_if_missing/i,
    code: "damaged-database",
    why: "it is damaged",
  },
  {
    sign: /EACCES|EPERM|Permission denied|EROFS|Read-only file system/i,
    code: "storage",
    why: "the system does not permit it",
    hint: "Let the user that runs this read and write the directory and all in it.",
  },
  {
    sign: /EMFILE|ENFILE|Too many open files/i,
    code: "storage",
    why: "too many files are open",
    hint: "Raise the limit of open files (`ulimit -n`).",
  },
  {
    sign: /ENOENT|No such file/i,
    code: "storage",
    why: "its directory is gone",
    hint: "Bring the directory back as it was (is its disk mounted?), then start again.",
  },
  {
    sign: /EIO\b|Input\/output error/i,
    code: "storage",
    why: "the disk has errors",
    hint: "Look into the system's log: the disk may be failing. Copy the directory to another one.",
  },
];

const NOT_OPEN = /LEVEL_(DATABASE|ITERATOR)_NOT_OPEN/;

/** Makes a coded error of what a store or the system threw: `disk-full`, `damaged-database`, else `storage`. */
export function storageFault(params: { path: string; cause: unknown }): WeftError {
  const { path, cause } = params;
  if (isWeftError(cause)) return cause;
  const words = wordsOf(cause);
  const known = causes.find(({ sign }) => sign.test(words));
  return new WeftError({
    code: known?.code ?? "storage",
    message: `the database ${path} fails: ${known?.why ?? words}`,
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    cause,
  });
}

/** The property in which a database keeps why it is closed, if it could not be opened again. */
const OPEN_FAULT = Symbol("open fault");
type Closable = { [OPEN_FAULT]?: WeftError | undefined };

/** Notes why a database could not be opened: its reads and writes throw this meanwhile. Undefined clears it. */
export function noteOpenFault(level: object, fault: WeftError | undefined): void {
  (level as Closable)[OPEN_FAULT] = fault;
}

/** Makes all reads and writes of an open database throw coded errors (see `storageFault`) from now on. */
export function codeFaults(params: { level: Level<Uint8Array, Uint8Array>; path: string }): void {
  const { path } = params;
  const level = params.level as unknown as Record<string, Method>;
  const rethrow = (cause: unknown): never => {
    const known = NOT_OPEN.test(wordsOf(cause)) ? (level as Closable)[OPEN_FAULT] : undefined;
    throw known ?? storageFault({ path, cause });
  };
  codeMethods({
    target: level,
    names: ["get", "getMany", "has", "hasMany", "put", "del", "batch", "clear"],
    rethrow,
  });
  for (const name of ["iterator", "keys", "values"]) {
    const make = (level[name] as Method).bind(level);
    level[name] = (...args) => {
      try {
        const target = make(...args) as Record<string, Method>;
        codeMethods({ target, names: ["next", "nextv", "all"], rethrow });
        return target;
      } catch (cause) {
        return rethrow(cause);
      }
    };
  }
}

type Method = (...args: unknown[]) => unknown;

function codeMethods(params: {
  target: Record<string, Method>;
  names: readonly string[];
  rethrow: (cause: unknown) => never;
}): void {
  const { target, names, rethrow } = params;
  for (const name of names) {
    const run = (target[name] as Method).bind(target);
    target[name] = (...args) => {
      try {
        return (run(...args) as Promise<unknown>).catch(rethrow);
      } catch (cause) {
        return rethrow(cause);
      }
    };
  }
}

function wordsOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const { name, code, message, cause } = error as Record<"name" | "code" | "message" | "cause", unknown>;
  const own = [name === "Error" ? undefined : name, code, message].filter(Boolean).join(" ");
  return cause === undefined ? own : `${own}: ${wordsOf(cause)}`;
}
