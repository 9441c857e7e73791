import type { Entry } from "../../wire/chainEntry.ts";
import type { EntryRecord } from "../records/records.ts";

/** An entry that is about to be judged. */
export type ReceivedEntry = Entry & Pick<EntryRecord, "isProvisional" | "restsOn">;

/** Makes the record of an entry: all of the entry but its payload. */
export function recordOf(
  entry: Omit<ReceivedEntry, "group" | "payload">,
  verdict: EntryRecord["verdict"],
): EntryRecord {
  const { id, parent, index, authority, block, logIndex, isProvisional, restsOn } = entry;
  const mark = { ...(isProvisional && { isProvisional }), ...(restsOn && { restsOn }) };
  return { id, parent, index, authority, block, logIndex, verdict, ...mark };
}
