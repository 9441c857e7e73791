import type { GroupState } from "../../mls/groupState.ts";
import { readRequest } from "../../wire/entry.ts";
import type { EntryId, GroupId, InstallationKey } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";
import { leafHashOf } from "../branch/epochView.ts";
import { standsOn } from "../branch/standsOn.ts";
import type { EntryRecord, HeadId } from "../records/records.ts";

/**
 * Lists the members whose requests, carried by a commit, are good for a repair: signed by the installation, about an
 * entry of the branch on which the commit stands, and for the leaf that the installation has there. A member who has
 * the epoch and knows the lineage can check all of this. So members who joined after a request judge it like those who
 * read it. Pure.
 */
export function provenRequests(params: {
  network: Network;
  group: GroupId;
  /** The commit's parent. */
  parent: HeadId;
  /** The state of the parent's epoch. */
  state: GroupState;
  entries: ReadonlyMap<HeadId, EntryRecord>;
  requests: readonly Uint8Array[];
}): Set<InstallationKey> {
  const { network, group, parent, state, entries, requests } = params;
  const parentOf = (entry: EntryId) =>
    standsOn({ entries, head: parent, ancestor: entry }) ? entries.get(entry)?.parent : undefined;
  const proven = requests.flatMap((bytes) => {
    const request = readRequest({ network, group, parentOf, bytes });
    if (!request) return [];
    const { installation, leaf } = request;
    return leaf === undefined || leaf === leafHashOf({ state, installation }) ? [installation] : [];
  });
  return new Set(proven);
}
