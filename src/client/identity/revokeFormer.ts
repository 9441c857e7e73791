import { activeAt } from "../../identity/inbox.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import { tables } from "../database/tables.ts";
import type { ClientCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { isAlone } from "../group/isAlone.ts";
import { draftRevocation } from "./draftRevocation.ts";
import { storeRevocation } from "./sendRevocations.ts";

/**
 * Revokes the installation whose keys a copy had, once the new one is registered and in all of its groups for good. If
 * the old leaf were taken out before that, or a reorganization took the new one, an inbox without another installation
 * would be out of the group.
 */
export async function revokeFormer(core: ClientCore): Promise<void> {
  const { copy, database } = core;
  if (!copy?.isReplaced || !isRegistered(core)) return;
  if ([...core.groups.values()].some((group) => isAwaited(core, group))) return;
  const { installation, evidence } = copy;
  // What never counts need not be revoked, and no list would show that it was.
  const isVoid = evidence.kind === "void-registration";
  if (!isVoid && !(await tables.revocation.get(database, { installation }))) {
    await storeRevocation(core, await draftRevocation({ core, installation }));
  }
  await writeAtomic({ database, writes: [tables.copy.del({})], sync: true });
  core.copy = undefined;
  core.changes++;
}

function isRegistered({ self, inboxes }: CoreParts<"inboxes" | "self">): boolean {
  const snapshot = inboxes.get(self.inbox);
  const { key: installation } = self.installation;
  return activeAt({ inbox: snapshot?.inbox, installation, block: snapshot?.asOf ?? 0 });
}

/** True while what brought the new installation into a group, or took the old one out before, could still vanish. */
function isAwaited(core: CoreParts<"finalityBlocks" | "self">, { view, agreed }: Group): boolean {
  const { record, entries, branch } = view;
  const isOut = record.status === "removed";
  if (record.status === "joining") return true;
  if (!isOut && record.isFormer === true) return !isAlone(core, record);
  const decisive = isOut ? branch.end : entries.get(record.start.head);
  return decisive !== undefined && decisive.block.number + core.finalityBlocks > agreed.number;
}
