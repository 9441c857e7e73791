import pc from "picocolors";
import { wallMs } from "../../clock/wallMs.ts";
import type { InboxId, MembershipChange, MessageItem, TimelineItem } from "../../index.ts";
import { formatSeconds } from "./disappearing.ts";
import type { Names } from "./names.ts";

const NAME_COLUMNS = 8;
const MARK_COLUMNS = 2;
const QUOTED_CHARACTERS = 24;
/** Texts of reactions, each with how many people set it. */
const SHOWN_REACTIONS = 8;
const authorColors = [pc.cyan, pc.magenta, pc.yellow, pc.blue, pc.green, pc.red] as const;

/** How far an own message is, in two columns. */
export const marks = {
  none: "  ",
  queued: pc.dim("… "),
  acknowledged: pc.dim("✓ "),
  delivered: pc.green("✓✓"),
  failed: pc.red("✗ "),
} as const;

export type Mark = keyof typeof marks;

/** A line for a terminal, or several for a text with line breaks. Nothing that others wrote can steer the terminal. */
export function formatItem(params: {
  item: TimelineItem;
  names: Names;
  mark?: Mark;
  /** What the message that it answers says, if that is known. */
  answers?: string | undefined;
}): string {
  const { item, names, mark = "none", answers } = params;
  switch (item.kind) {
    case "message":
      return formatMessage({ message: item, names, mark, answers });
    case "membership":
      return pc.dim(`── epoch ${item.epoch} · ${describeMembership({ item, names })} ──`);
    case "missed":
      return pc.dim(`── epochs ${item.epoch} to ${item.until - 1} · missed: they could not be followed ──`);
    case "gap":
      return `${pc.dim(formatTime(item.atMs))} ${pc.yellow(`?  a message is missing (${item.reason})`)}`;
  }
}

/** An own message that has no place yet: it is told of again when it has. */
export function isWaiting(item: TimelineItem): boolean {
  return item.kind === "message" && item.epoch === undefined;
}

/** What somebody said. */
export function formatMessage(params: {
  message: Pick<
    MessageItem,
    "author" | "sentAtMs" | "text" | "state" | "replyTo" | "edit" | "reactions" | "origin"
  >;
  names: Names;
  mark: Mark;
  answers?: string | undefined;
}): string {
  const { message, names, mark, answers = "" } = params;
  const { author, sentAtMs, text, state, replyTo, edit } = message;
  const quote = replyTo ? pc.dim(`↳ ${plainLine(answers).slice(0, QUOTED_CHARACTERS)} · `) : "";
  const said = text === undefined ? pc.dim(`(${withheld[state]})`) : indent(plain(text));
  const told = message.origin ? pc.dim(` (${origins[message.origin]})`) : "";
  const after = `${edit ? pc.dim(" (edited)") : ""}${told}${formatReactions(message.reactions)}`;
  const before = `${pc.dim(formatTime(sentAtMs))} ${marks[mark]} ${formatAuthor({ inbox: author, names })}`;
  return `${before} ${quote}${said}${after}`;
}

function formatReactions(reactions: MessageItem["reactions"] = []): string {
  const shown = reactions.slice(0, SHOWN_REACTIONS);
  const words = shown.map(
    ({ text, inboxes }) => `${plainLine(text)}${inboxes.length > 1 ? inboxes.length : ""}`,
  );
  const more = reactions.length > shown.length ? " …" : "";
  return words.length === 0 ? "" : `  ${pc.dim("[")}${words.join(" ")}${more}${pc.dim("]")}`;
}

/** Who has told of a message that this device has not opened itself. */
const origins = { archive: "from an archive", device: "from your other device" } as const;

const withheld = {
  visible: "",
  deleted: "deleted",
  pending: "",
  expired: "disappeared",
  fenced: "not shown: its sender was removed or revoked before",
} as const;

/** In local time. */
function formatTime(atMs: number): string {
  const date = new Date(atMs);
  const isToday = date.toDateString() === new Date(wallMs()).toDateString();
  const [hours, minutes] = [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, "0"));
  return isToday ? `${hours}:${minutes}` : `${date.getMonth() + 1}/${date.getDate()} ${hours}:${minutes}`;
}

/** What one person did by a commit, in words. */
function describeMembership(params: {
  item: { readonly by: InboxId; readonly changes: readonly MembershipChange[] };
  names: Names;
}): string {
  const { item, names } = params;
  const words = item.changes.map((change) => describeChange({ change, by: item.by, names })).join(", ");
  return `${plainLine(names.nameOf(item.by))} ${words === "" ? "renewed keys" : words}`;
}

function describeChange(params: { change: MembershipChange; by: InboxId; names: Names }): string {
  const { change, by, names } = params;
  if (change.kind === "renamed") return `renamed the group to "${plainLine(change.name)}"`;
  if (change.kind === "disappearing") return describeDisappearing(change.seconds);
  const who = plainLine(names.nameOf(change.inbox));
  switch (change.kind) {
    case "joined":
      return change.inbox === by ? "founded the group" : `added ${who}`;
    case "removed":
      return `removed ${who}`;
    case "left":
      return `let ${who} go`;
    case "installation-added":
      return `added a device of ${who}`;
    case "installation-removed":
      return `removed a device of ${who}`;
    case "role":
      return `made ${who} ${change.role}`;
  }
}

function describeDisappearing(seconds: number): string {
  return seconds === 0 ? "lets messages stay" : `lets messages disappear after ${formatSeconds(seconds)}`;
}

function formatAuthor(params: { inbox: InboxId; names: Names }): string {
  const { inbox, names } = params;
  const color = authorColors[Number.parseInt(inbox.slice(-4), 16) % authorColors.length] ?? pc.cyan;
  return color(plainLine(names.nameOf(inbox)).padEnd(NAME_COLUMNS));
}

/** Lines after the first start below it. */
function indent(text: string): string {
  return text.replaceAll("\n", `\n${" ".repeat("00:00 ".length + MARK_COLUMNS + 1 + NAME_COLUMNS + 1)}`);
}

/** Text of others without control characters, bidirectional overrides and the like; line breaks stay. */
export function plain(text: string): string {
  return text.replace(/(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "\ufffd");
}

/** The same on one line. */
export function plainLine(text: string): string {
  return plain(text).replaceAll("\n", " ");
}
