import type { GroupRecord } from "../../reconciler/records/records.ts";
import type { ClientCore } from "./core.ts";

/** True while the leaf by which this client is in a group is one whose keys another database uses, too. */
export function isCopied(core: Pick<ClientCore, "copy">, record: GroupRecord): boolean {
  return record.isFormer === true || core.copy?.isReplaced === false;
}
