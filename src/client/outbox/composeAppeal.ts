import type { GroupState } from "../../mls/groupState.ts";
import { leafHashOf } from "../../reconciler/branch/epochView.ts";
import { isInTime } from "../../reconciler/entries/judgeAppeal.ts";
import { ownEvidence } from "../../reconciler/entries/judgeEvidence.ts";
import { openEntry } from "../../reconciler/entries/openEntry.ts";
import { decisiveChild } from "../../reconciler/view/decisiveChild.ts";
import type { Appeal } from "../../wire/control.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";

/**
 * Composes what this client has to say if it is cut off: evidence if what it received shows that no member can follow,
 * otherwise a request. `too-late`: the entry that cuts it off can't be voided any more. Undefined: nothing cuts it off,
 * or the entry's bytes are not kept.
 */
export async function composeAppeal(params: {
  core: CoreParts<"database" | "network" | "self">;
  group: Group;
  /** The state of the head's epoch. */
  state: GroupState;
}): Promise<Appeal | "too-late" | undefined> {
  const { core, group, state } = params;
  const { children, record } = group.view;
  const contested = decisiveChild({ children, parent: record.head });
  if (contested?.verdict.kind !== "cut-off") return undefined;
  if (!isInTime({ contested, block: group.agreed.number + 1 })) return "too-late";
  const { id: entry, authority } = contested;
  const payload = await tables.voidable.get(core.database, { group: group.id, entry });
  if (!payload) return undefined;
  const opened = openEntry({
    network: core.network,
    state,
    entry: { ...contested, group: group.id, payload },
  });
  const evidence = opened.kind === "commit" ? ownEvidence({ ...opened, state, authority }) : undefined;
  if (evidence) return { kind: "evidence", entry, ...evidence };
  const leaf = leafHashOf({ state, installation: core.self.installation.key });
  return leaf === undefined ? { kind: "request", entry } : { kind: "request", entry, leaf };
}
