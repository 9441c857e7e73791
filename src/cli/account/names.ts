import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WeftError } from "../../errors.ts";
import type { Hex, InboxId } from "../../index.ts";
import { readNeighbours } from "./profile.ts";

/** What this person calls others. The network knows inboxes and wallets, no names. */
export type Names = {
  readonly nameOf: (inbox: InboxId) => string;
  /** Inbox id or wallet address of a name, of the beginning of a known inbox id, or of itself. Throws `unknown-name`. */
  readonly find: (text: string, known: readonly InboxId[]) => Hex;
  /** Calls an inbox by this name from now on. */
  readonly give: (inbox: InboxId, name: string) => Promise<void>;
  readonly all: () => readonly string[];
};

const FILE = "names.json";
const SHORT_ID_CHARACTERS = 10;
/** The neighbours are looked at again when somebody unknown turns up, for each not more often than this. */
const RELOAD_MS = 1_000;

/** Names that were given, one's own, and those that people with their data in the same folder go by. */
export function openNames(params: {
  home: string;
  self: { name: string; inbox: InboxId };
  /** Those that were given, here or on another device. */
  noted: ReadonlyMap<InboxId, string>;
}): Names {
  const { home, self, noted } = params;
  const given = new Map([...readGiven(home), ...noted]);
  let known = new Map<InboxId, string>();
  const lookedForAtMs = new Map<InboxId, number>();
  const load = () => {
    const neighbours = readNeighbours(home).map(({ inbox, name }) => [inbox, name] as const);
    known = new Map([...neighbours, [self.inbox, self.name], ...given]);
  };
  const lookFor = (inbox: InboxId) => {
    const nowMs = performance.now();
    if (nowMs - (lookedForAtMs.get(inbox) ?? Number.NEGATIVE_INFINITY) < RELOAD_MS) return;
    lookedForAtMs.set(inbox, nowMs);
    load();
  };
  load();
  return {
    nameOf: (inbox) => {
      if (!known.has(inbox)) lookFor(inbox);
      return known.get(inbox) ?? inbox.slice(0, SHORT_ID_CHARACTERS);
    },
    find: (text, inboxes) => {
      const find = () => findWho({ text, names: known, inboxes });
      const found = find();
      if (found !== undefined) return found;
      load();
      return find() ?? unknownName(text);
    },
    give: async (inbox, name) => {
      given.set(inbox, name);
      known.set(inbox, name);
      await writeFile(join(home, FILE), `${JSON.stringify(Object.fromEntries(given), undefined, 2)}\n`);
    },
    all: () => [...new Set(known.values())],
  };
}

function readGiven(home: string): Map<InboxId, string> {
  try {
    const given = JSON.parse(readFileSync(join(home, FILE), "utf8")) as Record<InboxId, string>;
    return new Map(Object.entries(given) as [InboxId, string][]);
  } catch {
    return new Map();
  }
}

function findWho(params: {
  text: string;
  names: ReadonlyMap<InboxId, string>;
  inboxes: readonly InboxId[];
}): Hex | undefined {
  const { text, names, inboxes } = params;
  const lower = text.toLowerCase();
  if (/^0x([0-9a-f]{40}|[0-9a-f]{64})$/.test(lower)) return lower as Hex;
  const called = [...names].filter(([, name]) => name.toLowerCase() === lower).map(([inbox]) => inbox);
  const startsWith = (inbox: InboxId) => lower.length > 2 && inbox.startsWith(lower);
  const found = called.length > 0 ? called : [...new Set([...inboxes, ...names.keys()])].filter(startsWith);
  if (found.length > 1) {
    const hint = `Say which: ${found.join(", ")}.`;
    throw new WeftError({ code: "unknown-name", message: `more than one is called ${text}`, hint });
  }
  return found[0];
}

function unknownName(text: string): never {
  throw new WeftError({ code: "unknown-name", message: `nobody here is called ${text}` });
}
