import pc from "picocolors";
import type { IntentHandle } from "../../index.ts";
import {
  type ConversationId,
  type GroupId,
  type GroupSummary,
  type InboxId,
  listGroups,
} from "../../index.ts";
import { titleOf } from "../account/findGroup.ts";
import { type Mark, marks, plainLine } from "../account/formatItem.ts";
import type { Account } from "../account/openAccount.ts";
import { describeOutcome } from "../account/settle.ts";
import type { Screen } from "./screen.ts";

/** A line on the screen that says how far something is. */
export type Line = {
  readonly mark: Mark;
  /** What it is about: if that changes where nothing can be rewritten, it is printed again. */
  readonly what: string;
  /** What a message says, for those that answer it. */
  readonly text?: string | undefined;
  readonly render: (mark: Mark) => string;
};

/** One person's chat. What it does to the screen it does in turn, see `inTurn`. */
export type Session = {
  readonly account: Account;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly inTurn: <Result>(task: () => Promise<Result>) => Promise<Result>;
  /** Lines that were printed: by message, entry, envelope or intent. */
  readonly lines: Map<string, Line>;
  /** What was last told of each group. */
  readonly groups: Map<GroupId, GroupSummary>;
  /** Intents of this session that have not ended. */
  readonly open: Set<Promise<void>>;
  /** The conversation that is talked in. */
  current: ConversationId | undefined;
  hasQuit: boolean;
  hasFailed: boolean;
};

/** More than a terminal shows. */
const LINES_KEPT = 1_000;

export function notice(session: Session, text: string): void {
  session.screen.print(pc.dim(text));
}

/** Puts a line on the screen, or other text in its place if it is there. */
export function putLine(session: Session, key: string, line: Line): void {
  const { lines, screen } = session;
  const known = lines.get(key);
  lines.set(key, line);
  const text = line.render(line.mark);
  if (known === undefined) {
    screen.print(text, key);
    for (const oldest of lines.keys()) if (lines.size > LINES_KEPT) lines.delete(oldest);
  } else if (known.render(known.mark) === text || screen.rewrite({ key, text })) return;
  else if (known.what !== line.what) screen.print(text, key);
  else if (line.mark === "delivered" || (line.mark === "acknowledged" && !screen.isTerminal)) {
    screen.print(`${marks[line.mark]} ${line.mark}: ${plainLine(line.what)}`);
  }
}

/** Keeps the mark of a line true until the intent has ended, and says why it failed if it did. */
export function followIntent(session: Session, key: string, handle: IntentHandle): void {
  const put = (mark: Mark): void => {
    const line = session.lines.get(key);
    if (line !== undefined && line.mark !== "failed" && line.mark !== "delivered") {
      putLine(session, key, { ...line, mark });
    }
  };
  const follow = async (): Promise<void> => {
    const acknowledged = await handle.acknowledged;
    if (acknowledged.kind === "delivered") put("acknowledged");
    const outcome = await handle.settled;
    put(outcome.kind);
    if (outcome.kind === "delivered") return;
    session.hasFailed = true;
    const what = plainLine(session.lines.get(key)?.what ?? "");
    session.screen.print(`${marks.failed} ${what} ${pc.red(describeOutcome(outcome))}`);
  };
  const followed = follow()
    .catch(() => undefined) // closed: it goes on at the next start
    .finally(() => session.open.delete(followed));
  session.open.add(followed);
}

/** Something that was asked of the group, with a line that tells how far it is. */
export async function ask(session: Session, what: string, asked: Promise<IntentHandle>): Promise<void> {
  const handle = await asked;
  putLine(session, handle.id, { mark: "queued", what, render: (mark) => `${marks[mark]} ${pc.dim(what)}` });
  followIntent(session, handle.id, handle);
}

export function showPrompt(session: Session): void {
  const { account, screen } = session;
  const group = currentIn(session);
  const where = group === undefined ? "" : pc.bold(`@${plainLine(titleOf(account, group))}`);
  screen.setPrompt(`${account.profile.name}${where}${pc.dim(" › ")}`);
}

export function summaries(session: Session): GroupSummary[] {
  return listGroups({ client: session.account.client });
}

/** The group that is talked to: of a direct conversation one that this client is in, if there is one. */
export function currentIn(session: Session): GroupSummary | undefined {
  const all = summaries(session).filter(({ conversation }) => conversation === session.current);
  return all.find(({ membership }) => membership === "member") ?? all[0];
}

/** Everybody in one of this person's groups. */
export function knownInboxes(session: Session): InboxId[] {
  return [...new Set(summaries(session).flatMap(({ members }) => members))];
}
