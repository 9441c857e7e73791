import { type EntryId, toHex } from "../../wire/ids.ts";
import { groupTopic } from "../../wire/topic.ts";
import type { ClientCore } from "../core.ts";
import { changeGroup } from "../groups/changeGroup.ts";
import { listEpochs, readState } from "../groups/epochStates.ts";
import { namesOf, viewOf } from "../groups/epochView.ts";
import type { Group } from "../groups/group.ts";
import { type EntryRecord, type HeadId, tables } from "../tables.ts";
import { lineageOf } from "./changeByJoining.ts";
import { compareEntries } from "./compareEntries.ts";

/**
 * For one who was taken in anew by an entry that a reorganization took for good, maybe together with the removal before
 * it: goes back to the last entry on the chain by which it came in before, or if there is none to the earliest epoch of
 * its former membership that is there, as far as they are still whole. All that stands above it has to be read again
 * then, and is judged anew by the states that are kept. From within the group's queue; true if it went back.
 */
export async function returnToFormer(params: { core: ClientCore; group: Group }): Promise<boolean> {
  const { core, group } = params;
  const { record, entries } = group.view;
  if (record.status !== "joining" || !record.fork?.isGivenUp || entries.has(record.start.head)) return false;
  const head = await findFormer({ core, group });
  const state =
    head && (await readState({ database: core.database, group: group.id, cache: group.epochs, head }));
  if (!head || !state) return false;
  const view = viewOf(state);
  const { epoch } = view;
  const entry = entries.get(head);
  const at = { head, epoch };
  core.logger.info({ group: group.id, ...at }, "went back to a former membership");
  const all = [...entries.values()];
  await changeGroup({
    core,
    group,
    change: {
      record: {
        ...{ ...record, ...namesOf(view), ...at },
        ...{ status: entry ? "member" : "creating", start: at, awaited: record.start },
      },
      entries: entry ? lineageOf({ entry, entries, epoch }) : [],
      droppedEntries: entry ? all.slice(all.indexOf(entry) + 1) : all,
      // What was said there could not be told from a dead branch meanwhile.
      writes: [tables.topicPosition.del({ topic: groupTopic(group.id) })],
      events: [{ kind: "group", group: group.id }],
    },
  });
  group.topicReadings++;
  core.feedsWakeup.wake();
  return true;
}

/**
 * It was adopted: what an own entry that is refused or dead would have opened is kept no longer than the epoch that it
 * stands on.
 */
async function findFormer({ core, group }: { core: ClientCore; group: Group }): Promise<HeadId | undefined> {
  const { entries } = group.view;
  const epochs = await listEpochs({ database: core.database, group: group.id });
  const whole = epochs
    .filter(({ head, closedAtMs }) => closedAtMs === 0 && (head === group.id || entries.has(head)))
    .toSorted((a, b) => a.epoch - b.epoch);
  const heads = new Set<HeadId>(whole.map(({ head }) => head));
  const entered: EntryRecord[] = [];
  for await (const { fields } of tables.entered.rows(core.database, { under: { group: group.id } })) {
    const entry = entries.get(toHex(fields.entry) as EntryId);
    if (entry && heads.has(entry.id)) entered.push(entry);
  }
  return entered.toSorted(compareEntries).at(-1)?.id ?? whole[0]?.head;
}
