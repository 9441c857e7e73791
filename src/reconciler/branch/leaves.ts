import type { InboxId } from "../../wire/ids.ts";
import type { EntryRecord } from "../records/records.ts";
import type { Branch } from "./branch.ts";

export type Leaves = {
  /**
   * Inboxes whose Leave counts. Only a Leave since the branch's last Add counts: who joined by that Add can't know
   * older ones.
   */
  readonly leavers: ReadonlySet<InboxId>;
  /** Inboxes that have asked since this client is in the group: if an Add has cancelled their Leave, they ask again. */
  readonly asked: ReadonlySet<InboxId>;
};

/** Lists the inboxes that have asked to leave on the adopted branch. Pure. */
export function leavesOf(params: {
  branch: Branch;
  /** The controls are among these. */
  entries: { values: () => Iterable<EntryRecord> };
}): Leaves {
  const { branch, entries } = params;
  const lastAdd = branch.steps.findLastIndex(
    ({ entry }) => entry?.verdict.kind === "adopted" && entry.verdict.adds.length > 0,
  );
  const leavers = new Set<InboxId>();
  const asked = new Set<InboxId>();
  for (const { parent, verdict } of entries.values()) {
    if (verdict.kind !== "control" || verdict.instruction.kind !== "leave") continue;
    const place = branch.places.get(parent);
    if (place === undefined) continue;
    asked.add(verdict.writer.inbox);
    if (place >= lastAdd) leavers.add(verdict.writer.inbox);
  }
  return { leavers, asked };
}
