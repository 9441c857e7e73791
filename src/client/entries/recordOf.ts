import type { Entry } from "../../rpc/nodeApi.ts";
import type { EntryRecord } from "../tables.ts";

/** What is kept of an entry: all but its payload. */
export function recordOf(
  entry: Omit<Entry, "group" | "payload">,
  verdict: EntryRecord["verdict"],
): EntryRecord {
  const { id, parent, index, authority, block, logIndex } = entry;
  return { id, parent, index, authority, block, logIndex, verdict };
}
