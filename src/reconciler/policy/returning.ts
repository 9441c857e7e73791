import type { GroupContext, Returning } from "../../wire/groupContext.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import { VOID_BLOCKS } from "../../wire/limits.ts";

type Leaf = { readonly inbox: InboxId; readonly installation: InstallationKey };

/** True while a listing counts. After that time the installation is out, and may be repaired once more. */
export function isLive({ block: since }: Pick<Returning, "block">, block: number): boolean {
  return block <= since + VOID_BLOCKS;
}

/** Lists the members who are awaited at a block: they were taken out to be added again and have no leaf yet. */
export function awaitedMembers(params: {
  readonly context: Pick<GroupContext, "returning">;
  readonly members: readonly Leaf[];
  readonly block: number;
}): Returning[] {
  const { context, members, block } = params;
  const present = new Set(members.map(({ installation }) => installation));
  return context.returning.filter((one) => isLive(one, block) && !present.has(one.installation));
}

/**
 * Lists the inboxes that have no leaf, but a listing or a role that waits for one. To remove such an inbox, both have
 * to be taken away.
 */
export function inboxesAway(params: {
  readonly context: Pick<GroupContext, "returning" | "superAdmins" | "admins">;
  readonly members: readonly Leaf[];
}): Set<InboxId> {
  const { context, members } = params;
  const present = new Set(members.map(({ inbox }) => inbox));
  const named = [...context.returning.map(({ inbox }) => inbox), ...context.superAdmins, ...context.admins];
  return new Set(named.filter((inbox) => !present.has(inbox)));
}
