import type { TimelineItem } from "../../index.ts";
import { formatItem, type Mark } from "../account/formatItem.ts";
import { putLine, type Session } from "./session.ts";

/** Shows an item of the current group, once; what has changed about it since changes on the screen. */
export function showItem(session: Session, item: TimelineItem, mark?: Mark): void {
  const { names } = session.account;
  const key = keyOf(item);
  const known = session.lines.get(key)?.mark;
  const answers = item.kind === "message" && item.replyTo ? session.lines.get(item.replyTo)?.text : undefined;
  putLine(session, key, {
    mark: mark ?? known ?? "none",
    what: whatOf(item),
    text: item.kind === "message" ? item.text : undefined,
    render: (mark) => formatItem({ item, names, mark, answers }),
  });
}

/** What it is known by on the screen. */
export function keyOf(item: TimelineItem): string {
  switch (item.kind) {
    case "message":
      return item.id;
    case "membership":
    case "missed":
      return item.entry;
    case "gap":
      return item.envelope;
  }
}

function whatOf(item: TimelineItem): string {
  if (item.kind !== "message") return item.kind;
  const { text = `(${item.state})`, reactions = [] } = item;
  return reactions.length === 0 ? text : `${text} [${reactions.map((one) => one.text).join(" ")}]`;
}
