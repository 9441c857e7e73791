import {
  compareInConversation,
  conversationCursor,
  conversationKey,
  placesOf,
} from "../reconciler/view/conversationOrder.ts";
import { directToWrite } from "../reconciler/view/directs.ts";
import type { GroupId } from "../wire/ids.ts";
import type { ConversationState } from "./database/conversationRecord.ts";
import type { CoreParts } from "./group/core.ts";
import type { GroupSummary } from "./listGroups.ts";

type Row = ConversationState &
  Pick<GroupSummary, "group" | "kind" | "conversation" | "other" | "createdAtMs"> & {
    readonly groups: readonly [GroupId, ...GroupId[]];
  };

/** Makes one row of all groups of a direct conversation, and leaves own rooms out. */
export function mergeDirects<One extends Row>(core: CoreParts<"groups">, rows: readonly One[]): One[] {
  const shown = rows.filter(({ kind }) => kind !== "own");
  const directs = Map.groupBy(
    shown.filter(({ other }) => other !== undefined),
    ({ conversation }) => conversation,
  );
  const others = shown.filter(({ other }) => other === undefined);
  return [...others, ...[...directs.values()].flatMap((some) => mergeRows(core, some) ?? [])];
}

function mergeRows<One extends Row>(core: CoreParts<"groups">, rows: readonly One[]): One | undefined {
  const groups = rows.flatMap(({ group }) => core.groups.get(group) ?? []);
  const [any] = rows;
  const hasOther = ({ view }: (typeof groups)[number]) =>
    any?.other !== undefined && view.record.members.includes(any.other);
  const written = directToWrite({ groups, hasOther }) ?? groups.at(-1);
  const row = rows.find(({ group }) => group === written?.id) ?? any;
  if (!row) return undefined;
  return {
    ...row,
    groups: [row.group, ...rows.map(({ group }) => group).filter((group) => group !== row.group)],
    createdAtMs: Math.min(...rows.map(({ createdAtMs }) => createdAtMs)),
    ...mergeStates(core, rows),
  };
}

/** What is unread in all groups of a direct conversation, and what was said last in any of them. */
function mergeStates(
  core: CoreParts<"groups">,
  states: readonly (ConversationState & Pick<Row, "group">)[],
): ConversationState {
  const lasts = states.flatMap(({ group, last }) => {
    const view = core.groups.get(group)?.view;
    if (!last || !view) return [];
    return [{ last, key: conversationKey({ group, places: placesOf(view), cursor: last.cursor }) }];
  });
  const newest = lasts.toSorted((a, b) => compareInConversation(b.key, a.key))[0];
  return {
    unread: states.reduce((sum, { unread }) => sum + unread, 0),
    last: newest && { ...newest.last, cursor: conversationCursor(newest.key) },
    activeAtMs: Math.max(...states.map(({ activeAtMs }) => activeAtMs)),
  };
}
