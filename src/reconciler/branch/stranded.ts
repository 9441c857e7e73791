import type { InstallationKey } from "../../wire/ids.ts";
import type { Member } from "../policy/roleOf.ts";
import type { EntryRecord } from "../records/records.ts";
import type { Branch } from "./branch.ts";

/**
 * An installation that has asked to be removed and added again; `proof` is the signed request, which a repair carries.
 */
export type Stranded = Member & { readonly proof: Uint8Array };

/**
 * Lists the installations that have asked, about an entry of the adopted branch, to be removed and added again, and
 * whose leaf is still as this entry and all entries adopted on it have left it. A repair carries the request itself, so
 * that a member who joined later can judge the repair; this list is for members who look for upkeep to be done. Pure.
 */
export function strandedOf(params: {
  branch: Branch;
  /** The requests are among these. */
  entries: { values: () => Iterable<EntryRecord> };
}): ReadonlyMap<InstallationKey, Stranded> {
  const { branch, entries } = params;
  const stranded = new Map<InstallationKey, Stranded>();
  for (const { verdict } of entries.values()) {
    if (verdict.kind !== "control" || verdict.instruction.kind !== "request" || !verdict.proof) continue;
    const { writer, proof } = verdict;
    const place = branch.places.get(verdict.instruction.entry);
    if (place === undefined || !keepsLeaf({ branch, place, installation: writer.installation })) continue;
    stranded.set(writer.installation, { ...writer, proof });
  }
  return stranded;
}

/** False for an installation that has committed since: it follows. */
function keepsLeaf(params: { branch: Branch; place: number; installation: InstallationKey }): boolean {
  const { branch, place, installation } = params;
  return branch.steps.slice(place).every(({ entry }, i) => {
    if (entry?.verdict.kind !== "adopted") return true;
    const { removes, writer } = entry.verdict;
    const isRemoved = removes.some((one) => one.installation === installation);
    return !isRemoved && (i === 0 || writer.installation !== installation);
  });
}
