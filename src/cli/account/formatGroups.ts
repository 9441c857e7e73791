import type { ConversationSummary, MemberSummary } from "../../index.ts";
import { formatTable } from "../formatTable.ts";
import { plainLine } from "./formatItem.ts";
import type { Names } from "./names.ts";

const LAST_CHARACTERS = 30;

/** A table of groups, with what is unread and what was said last. */
export function formatGroups(groups: readonly ConversationSummary[]): string {
  return formatTable(
    groups.map(({ group, name, membership, epoch, members, unread, last }) => [
      group.slice(0, 10),
      plainLine(name),
      `epoch ${epoch}`,
      countOf(members.length, "member"),
      unread > 0 ? `${unread} unread` : "",
      last ? plainLine(last.text).slice(0, LAST_CHARACTERS) : "",
      membership === "member" ? "" : membership,
    ]),
  );
}

/** A table of requests, with who has brought each and what was said last. */
export function formatRequests(params: { groups: readonly ConversationSummary[]; names: Names }): string {
  const { groups, names } = params;
  return formatTable(
    groups.map(({ group, name, requestedBy, members, last }) => [
      group.slice(0, 10),
      plainLine(name),
      requestedBy ? `from ${plainLine(names.nameOf(requestedBy))}` : "",
      countOf(members.length, "member"),
      last ? plainLine(last.text).slice(0, LAST_CHARACTERS) : "",
    ]),
  );
}

export function formatMembers(params: { members: readonly MemberSummary[]; names: Names }): string {
  const { members, names } = params;
  return formatTable(
    members.map(({ inbox, role, installations }) => [
      inbox.slice(0, 10),
      plainLine(names.nameOf(inbox)),
      role,
      countOf(installations, "device"),
    ]),
  );
}

export function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
