import type { GroupRecord } from "../../reconciler/records/records.ts";
import type { CoreParts } from "./core.ts";

/** True while the leaf by which this client is in a group is one whose keys another database uses, too. */
export function isCopied(core: CoreParts<"copy">, record: GroupRecord): boolean {
  return record.isFormer === true || core.copy?.isReplaced === false;
}
