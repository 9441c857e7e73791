import type { GroupState } from "../../mls/groupState.ts";
import type { EnvelopeHash } from "../../wire/ids.ts";
import type { Welcome } from "../../wire/welcome.ts";
import type { ClientCore } from "../core.ts";
import { judgeVanished } from "../entries/settleFork.ts";
import { addGroup } from "../groups/addGroup.ts";
import { branchOf } from "../groups/branch.ts";
import { changeGroup } from "../groups/changeGroup.ts";
import { inboxesOf, viewOf } from "../groups/epochView.ts";
import { createGroupHandle, emptyGroupView, NO_BLOCK } from "../groups/group.ts";
import { resealed } from "../outbox/resealed.ts";
import { type GroupRecord, type HeadId, tables } from "../tables.ts";
import { readTopicAnew } from "./readTopicAnew.ts";

/**
 * Takes a joined state into the database; the group is entered when the entry that the Welcome names has been read
 * and fits. What an earlier membership knew of the chain is read anew.
 */
export async function admitGroup(params: {
  core: ClientCore;
  envelope: EnvelopeHash;
  welcome: Welcome;
  state: GroupState;
  generation: number;
}): Promise<void> {
  const { core, envelope, welcome, state, generation } = params;
  const { group: id, entry } = welcome;
  const view = viewOf(state);
  const record: GroupRecord = {
    group: id,
    genesisKey: undefined,
    status: "joining",
    reason: undefined,
    head: entry,
    epoch: view.epoch,
    start: { head: entry, epoch: view.epoch },
    name: view.context.name,
    members: inboxesOf(view),
    createdAtMs: Date.now(),
  };
  const known = core.groups.get(id);
  const group = known ?? createGroupHandle({ id, view: emptyGroupView(record), processed: NO_BLOCK });
  const kept = core.keyPackages.get(generation);
  const used = kept && { ...kept, used: true };
  await group.queue.run(async () => {
    const { dead, from } = vanishedHeads(group.view.record);
    const branch = branchOf({ record, entries: new Map() });
    const vanished = await judgeVanished({ core, group, entry, dead, branch, from });
    const again = await resealed({ core, group, messages: vanished.voided, except: [] });
    await changeGroup({
      core,
      group,
      change: {
        record,
        ...again,
        droppedEntries: [...group.view.entries.values()],
        epochs: [{ head: entry, epoch: { kind: "open", state }, isNew: true }],
        writes: [
          tables.welcome.del({ envelope }),
          ...(used ? [tables.keyPackage.put({ generation }, used)] : []),
          ...vanished.writes,
          ...(known ? await readTopicAnew({ core, group: id }) : []),
        ],
        events: [...vanished.events, { kind: "group", group: id }],
        sync: true,
      },
    });
  });
  if (used) core.keyPackages.set(generation, used);
  addGroup(core, group);
  core.identityWakeup.wake();
}

/** The epochs of one who was in by an entry that counts no more. */
function vanishedHeads(record: GroupRecord): { dead: Set<HeadId>; from: number } {
  const { status, start, fork } = record;
  const isOut = status === "removed" || status === "cut-off";
  return { dead: new Set(isOut ? [] : [start.head, ...(fork?.heads ?? [])]), from: start.epoch };
}
