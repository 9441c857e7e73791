import { groupTopic } from "../../wire/topic.ts";
import type { ClientCore } from "../core.ts";
import { changeGroup } from "../groups/changeGroup.ts";
import { listEpochs, readState } from "../groups/epochStates.ts";
import { inboxesOf, viewOf } from "../groups/epochView.ts";
import type { Group } from "../groups/group.ts";
import { type EntryRecord, tables } from "../tables.ts";
import { lineageOf } from "./changeByJoining.ts";

/**
 * For one who was taken in anew by an entry that a reorganization took for good, maybe together with the removal before
 * it: goes back to the earliest epoch of its former membership that is on the chain and still whole. All that stands
 * above it has to be read again then, and is judged anew by the states that are kept. From within the group's queue;
 * true if it went back.
 */
export async function returnToFormer(params: { core: ClientCore; group: Group }): Promise<boolean> {
  const { core, group } = params;
  const { record, entries } = group.view;
  if (record.status !== "joining" || !record.fork?.isGivenUp || entries.has(record.start.head)) return false;
  const entry = await earliestWhole({ core, group });
  const state = entry && (await readState(placeOf({ core, group, entry })));
  if (!entry || !state) return false;
  const view = viewOf(state);
  const lineage = lineageOf({ entry, entries });
  const at = { head: entry.id, epoch: view.epoch };
  core.logger.info({ group: group.id, ...at }, "went back to a former membership");
  const all = [...entries.values()];
  await changeGroup({
    core,
    group,
    change: {
      record: {
        ...{ ...record, ...at, status: "member", start: at, awaited: record.start },
        ...{ name: view.context.name, members: inboxesOf(view) },
      },
      entries: lineage.map((one, i) => ({
        ...one,
        verdict: { kind: "before-start", epoch: view.epoch - i },
      })),
      droppedEntries: all.slice(all.findIndex(({ id }) => id === entry.id) + 1),
      // What was said there could not be told from a dead branch meanwhile.
      writes: [tables.topicPosition.del({ topic: groupTopic(group.id) })],
      events: [{ kind: "group", group: group.id }],
    },
  });
  group.topicReadings++;
  core.feedsWakeup.wake();
  return true;
}

/** Not an own entry: it was written to be judged, and may be refused. */
async function earliestWhole(params: { core: ClientCore; group: Group }): Promise<EntryRecord | undefined> {
  const { core, group } = params;
  const { entries, staged } = group.view;
  const epochs = await listEpochs({ database: core.database, group: group.id });
  const whole = new Set(epochs.filter(({ closedAtMs }) => closedAtMs === 0).map(({ head }) => head));
  return [...entries.values()].find(({ id }) => whole.has(id) && !staged.has(id));
}

function placeOf({ core, group, entry }: { core: ClientCore; group: Group; entry: EntryRecord }) {
  return { database: core.database, group: group.id, cache: group.epochs, head: entry.id };
}
