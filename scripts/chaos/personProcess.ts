/** A client in a process of its own, which does what its parent asks and tells what happens to it. */
import { flushCompileCache } from "node:module";
import { privateKeyToAccount } from "viem/accounts";
import {
  type Client,
  createGroup,
  type GroupId,
  groupStatus,
  type IntentHandle,
  isWeftError,
  listMessages,
  openClient,
  renameGroup,
  sendMessage,
  setRole,
  stream,
  syncStatus,
  WeftError,
} from "../../src/index.ts";
import type { Acts, Ask, Word } from "./acts.ts";
import { readReport } from "./readReport.ts";
import { startTalk } from "./startTalk.ts";

/** What is shown when the process starts again may have been said while it was away. */
const LISTED_ANEW = 200;

/** Lines of an error's stack that are told. */
const SHOWN_FRAMES = 6;

let client: Client | undefined;
let stopTalk: (() => void) | undefined;

type Does = { readonly [Name in keyof Acts]: (given: Acts[Name]["given"]) => Promise<Acts[Name]["answer"]> };

const acts: Does = {
  open: async ({ directory, privateKey, network, nodes }) => {
    const wallet = privateKeyToAccount(privateKey);
    client = await openClient({
      ...{ directory, wallet, network, nodes, consent: "allow" },
      logger: { ...quiet, warn, error },
    });
    void tellShown(client);
    // A process that is killed would not write it: the next one would strip the types of every file again.
    flushCompileCache();
    return client.inbox;
  },
  found: async ({ name, members }) => {
    const { group, intent } = await createGroup({ client: opened(), name, members });
    follow("create", intent);
    await intent.settled;
    return group;
  },
  promote: async ({ group, members }) => {
    for (const member of members) {
      const intent = await setRole({ client: opened(), group, member, role: "admin" });
      follow("role", intent);
      await intent.settled;
    }
    return true;
  },
  say: ({ group, text }) => say(group, text),
  rename: async ({ group, name }) => {
    follow("rename", await renameGroup({ client: opened(), group, name }));
    return true;
  },
  talk: async (talk) => {
    stopTalk?.();
    stopTalk = talk && startTalk({ client: opened(), ...talk, say, follow, onError: tellError });
    return true;
  },
  standing: async ({ group }) => {
    try {
      const state = await groupStatus({ client: opened(), group, digests: false });
      const { membership, epoch, head, name, members } = state;
      return { membership, epoch, head, name, members };
    } catch (error) {
      if (isWeftError(error, "unknown-group")) return undefined;
      throw error;
    }
  },
  rest: async ({ groups }) => {
    const status = await syncStatus({ client: opened() });
    const left = status.groups
      .filter(({ group }) => groups.includes(group))
      .flatMap(({ openIntents, undelivered, waitsFor, pendingVerdicts }) => [
        ...(openIntents.length > 0 ? [`${openIntents.length} open intents (${waitsFor})`] : []),
        ...(undelivered > 0 ? [`${undelivered} undelivered envelopes`] : []),
        ...(pendingVerdicts > 0 ? [`${pendingVerdicts} open verdicts`] : []),
      ]);
    const welcomes = status.openWelcomes > 0 ? [`${status.openWelcomes} open Welcomes`] : [];
    return { left: [...left, ...welcomes], changes: status.changes };
  },
  report: ({ group }) => readReport({ client: opened(), group }),
  close: async () => {
    stopTalk?.();
    await client?.[Symbol.asyncDispose]();
    return true;
  },
};

const quiet = { debug: () => {}, info: () => {} };
const warn = (about: object, message: string): void => log("warn", about, message);
const error = (about: object, message: string): void => log("error", about, message);

function log(level: "warn" | "error", about: object, message: string): void {
  // Of a lie that was told of: what about, and whether it is decided who told it.
  const { err = "", fact, isDecided } = about as { err?: unknown; fact?: string; isDecided?: boolean };
  const words = fact === undefined ? wordsOf(err) : `${fact}, ${isDecided ? "decided" : "undecided"}`;
  tell({ kind: "logged", level, message, about: words });
}

async function say(group: GroupId, text: string) {
  const said = await sendMessage({ client: opened(), group, text });
  tell({ kind: "said", id: said.messageId, group, intent: said.id, text });
  follow("send", said);
  return said.messageId;
}

/** Tells how it goes on; an intent goes on after a restart as well, and is asked for in the report then. */
function follow(action: string, intent: IntentHandle): void {
  const closed = (error: unknown): void => {
    if (!isWeftError(error, "closed")) tellError(error);
  };
  intent.acknowledged.then(({ kind }) => {
    if (kind === "delivered") tell({ kind: "acknowledged", intent: intent.id });
  }, closed);
  intent.settled.then((outcome) => {
    const told = outcome.kind === "delivered" ? outcome.kind : outcome.reason;
    tell({ kind: "settled", action, outcome: told });
  }, closed);
}

async function tellShown(listening: Client): Promise<void> {
  const events = stream({ client: listening });
  const first = events.next();
  for (const group of (await syncStatus({ client: listening })).groups)
    await listAnew(listening, group.group);
  for (let step = await first; !step.done; step = await events.next()) {
    const event = step.value;
    if (event.kind === "shown" && event.item.kind === "message")
      tell({ kind: "shown", ids: [event.item.id] });
  }
}

async function listAnew(listening: Client, group: GroupId): Promise<void> {
  const items = await listMessages({ client: listening, group, limit: LISTED_ANEW, from: "end" });
  tell({ kind: "shown", ids: items.flatMap((item) => (item.kind === "message" ? [item.id] : [])) });
}

function opened(): Client {
  if (client) return client;
  throw new WeftError({ code: "closed", message: "there is no client yet" });
}

function tell(word: Word): void {
  process.send?.(word);
}

/** A coded refusal is an answer, all else is a fault. */
function tellError(error: unknown): void {
  if (isWeftError(error)) tell({ kind: "refused", code: error.code });
  else tell({ kind: "fault", what: wordsOf(error) });
}

function wordsOf(error: unknown): string {
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return words.split("\n").slice(0, SHOWN_FRAMES).join(" ").replaceAll(/\s+/g, " ");
}

for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => tell({ kind: "fault", what: `${event}: ${wordsOf(error)}` }));
}
process.on("disconnect", () => process.exit(0));
// Ctrl-C in a terminal is for the parent.
process.on("SIGINT", () => undefined);
process.on("message", async (message) => {
  const { turn, act, given } = message as Ask;
  try {
    tell({ kind: "answer", turn, value: await acts[act](given as never) });
  } catch (error) {
    if (!isWeftError(error)) tellError(error);
    tell({ kind: "answer", turn, error: isWeftError(error) ? error.code : wordsOf(error) });
  }
});
