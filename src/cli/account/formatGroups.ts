import type { GroupSummary, MemberSummary } from "../../index.ts";
import { formatTable } from "../formatTable.ts";
import { plainLine } from "./formatItem.ts";
import type { Names } from "./names.ts";

export function formatGroups(groups: readonly GroupSummary[]): string {
  return formatTable(
    groups.map(({ group, name, membership, epoch, members }) => [
      group.slice(0, 10),
      plainLine(name),
      `epoch ${epoch}`,
      countOf(members.length, "member"),
      membership === "member" ? "" : membership,
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
