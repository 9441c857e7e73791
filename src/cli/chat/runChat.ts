import pc from "picocolors";
import { createSerialQueue } from "../../clock/serialQueue.ts";
import { setOnline, stream } from "../../index.ts";
import { catchUpOrTell } from "../account/catchUpOrTell.ts";
import { findGroup } from "../account/findGroup.ts";
import { type Account, openAccount } from "../account/openAccount.ts";
import type { PlaceOptions } from "../account/place.ts";
import { complete, greet } from "./commands/all.ts";
import { enterGroup } from "./enterGroup.ts";
import { followTimeline } from "./followTimeline.ts";
import { handleLine } from "./handleLine.ts";
import { openPipeScreen } from "./pipeScreen.ts";
import type { Screen } from "./screen.ts";
import { notice, type Session, showPrompt, summaries } from "./session.ts";
import { openTerminalScreen } from "./terminalScreen.ts";
import { watchLink } from "./watchLink.ts";

/**
 * A chat until /quit, Ctrl-C or the end of the input; resolves to the exit code. What is piped in is waited for until
 * it has ended, and the code is 1 if some of it failed.
 */
export async function runChat(params: {
  options: PlaceOptions;
  group: string | undefined;
  signal: AbortSignal;
}): Promise<number> {
  const { options, group } = params;
  const leaving = new AbortController();
  const signal = AbortSignal.any([params.signal, leaving.signal]);
  const tell = (text: string) => void process.stderr.write(`${pc.dim(text)}\n`);
  await using account = await openAccount({ options, signal: params.signal, tell, online: false });
  const { client } = account;
  if (group !== undefined) findGroup({ client, text: group });
  const session = openSession({ account, signal });
  using screen = session.screen;
  // The first word is this chat's own, and nothing may come in that nobody listens to.
  const begun = session.inTurn(() => begin(session, group));
  const following = followTimeline(session, stream({ client, requests: true, signal }));
  await setOnline({ client, online: true });
  await begun;
  if (!screen.isTerminal) await catchUpOrTell({ account, signal, tell: (text) => notice(session, text) });
  const watching = watchLink(session);
  let code = 0;
  try {
    await Promise.race([readLines(session), following, watching]);
    const isEnd = !screen.isTerminal && !session.hasQuit && !signal.aborted;
    if (isEnd) await untilEnded(session);
    if (isEnd && session.hasFailed) code = 1;
    tellOpen(session);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  leaving.abort();
  await Promise.allSettled([following, watching]);
  return code;
}

function openSession(params: { account: Account; signal: AbortSignal }): Session {
  const { account, signal } = params;
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const screen: Screen = isTerminal
    ? openTerminalScreen({ signal, complete: (line) => complete(session, line) })
    : openPipeScreen({ signal });
  const session: Session = {
    ...{ account, screen, signal, inTurn: createSerialQueue().run },
    ...{ lines: new Map(), groups: new Map(), open: new Set() },
    ...{ current: undefined, hasQuit: false, hasFailed: false },
  };
  for (const group of summaries(session)) session.groups.set(group.group, group);
  return session;
}

/** Goes to the group that was named, else to the one that was founded or joined last. */
async function begin(session: Session, text: string | undefined): Promise<void> {
  greet(session);
  const newestFirst = summaries(session).toSorted((a, b) => b.createdAtMs - a.createdAtMs);
  const named =
    text === undefined
      ? newestFirst.find(({ membership, consent }) => membership !== "removed" && consent !== "blocked")
      : findGroup({ client: session.account.client, text });
  if (named === undefined) showPrompt(session);
  else await enterGroup(session, named.group);
}

async function readLines(session: Session): Promise<void> {
  for await (const line of session.screen.lines) {
    await session.inTurn(() => handleLine(session, line));
    if (session.hasQuit) return;
  }
}

async function untilEnded(session: Session): Promise<void> {
  const { open, signal } = session;
  const stopped = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  while (open.size > 0 && !signal.aborted) await Promise.race([Promise.all(open), stopped]);
}

function tellOpen(session: Session): void {
  const { size } = session.open;
  if (size > 0) notice(session, `${size} on the way; what is not out yet goes out at the next start`);
}
