import type { ClosedKind } from "../../wire/groupKind.ts";
import type { InboxId } from "../../wire/ids.ts";
import { compareEntries } from "../branch/compareEntries.ts";
import type { EntryRecord } from "../records/records.ts";
import type { GroupView } from "./viewOfGroup.ts";

type View = Pick<GroupView, "record" | "children">;

/**
 * Gives the kind of a direct conversation that this inbox has with another one; `undefined` for any other group.
 */
export function directKindOf(
  { closed }: Pick<GroupView["record"], "closed">,
  self: InboxId,
): (ClosedKind & { readonly kind: "direct"; readonly other: InboxId }) | undefined {
  if (closed?.kind !== "direct") return undefined;
  const { inboxes } = closed;
  const other = inboxes.find((inbox) => inbox !== self);
  return other !== undefined && inboxes.some((inbox) => inbox === self) ? { ...closed, other } : undefined;
}

/**
 * Finds the first entry of a group, by which in a direct conversation both came together: its founder writes no other
 * entry before. Whoever joins later knows its place from the lineage. Undefined while it is not on the chain.
 */
function firstEntryOf({ record, children }: View): EntryRecord | undefined {
  return children
    .get(record.group)
    ?.find(({ verdict }) => verdict.kind === "adopted" || verdict.kind === "before-start");
}

/** The order of a direct conversation's groups, for `Array.sort`: by their first entries on the chain, then by age. */
export function compareDirects(a: View, b: View): number {
  const [first, second] = [firstEntryOf(a), firstEntryOf(b)];
  if (first && second) return compareEntries(first, second);
  if (first || second) return first ? -1 : 1;
  return a.record.createdAtMs - b.record.createdAtMs || (a.record.group < b.record.group ? -1 : 1);
}

/**
 * Picks the group of a direct conversation that is written to: of those that this client is in and in which the other
 * has a device, the first on the chain. If there is none, one in which the other may get a device again, or which this
 * client is about to be in. `undefined`: another one has to be founded. Pure.
 */
export function directToWrite<One extends { readonly view: View }>(params: {
  /** All groups of the conversation. */
  groups: readonly One[];
  /** True if the other has an active leaf in the group's present epoch. */
  hasOther: (group: One) => boolean;
}): One | undefined {
  const { groups, hasOther } = params;
  const inOrder = groups.toSorted((a, b) => compareDirects(a.view, b.view));
  const isIn = ({ view }: One) => view.record.status === "member" && view.record.isFormer !== true;
  const isComing = ({ view }: One) => ["member", "joining", "creating"].includes(view.record.status);
  return inOrder.find((one) => isIn(one) && hasOther(one)) ?? inOrder.find(isIn) ?? inOrder.find(isComing);
}
