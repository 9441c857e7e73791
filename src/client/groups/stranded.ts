import type { InstallationKey } from "../../wire/ids.ts";
import type { Member } from "../policy/roleOf.ts";
import type { EntryRecord, HeadId } from "../tables.ts";
import type { Branch } from "./branch.ts";

/**
 * Who has asked, about an entry of the adopted branch, to be removed and added again. Like a Leave it counts since the
 * branch's last Add: that takes them in again, and who joined by it can't know of it. Pure.
 */
export function strandedOf(params: {
  branch: Branch;
  entries: ReadonlyMap<HeadId, EntryRecord>;
}): ReadonlyMap<InstallationKey, Member> {
  const { branch, entries } = params;
  const lastAdd = branch.steps.findLastIndex(
    ({ entry }) => entry?.verdict.kind === "adopted" && entry.verdict.adds.length > 0,
  );
  const stranded = new Map<InstallationKey, Member>();
  for (const { verdict } of entries.values()) {
    if (verdict.kind !== "control" || verdict.instruction.kind !== "request") continue;
    const place = branch.places.get(verdict.instruction.entry);
    if (place !== undefined && place > lastAdd) stranded.set(verdict.writer.installation, verdict.writer);
  }
  return stranded;
}
