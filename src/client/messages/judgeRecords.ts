import { wallMs } from "../../clock/wallMs.ts";
import type { Branch } from "../../reconciler/branch/branch.ts";
import type { Intent } from "../../reconciler/records/intent.ts";
import type { AwaitedRecord, HeadId } from "../../reconciler/records/records.ts";
import type { MessageRecord, Opening, TimelineChange } from "../../reconciler/records/timelineRecord.ts";
import { changeOpenings } from "../../reconciler/timeline/insertMessage.ts";
import { withWrites } from "../../store/withWrites.ts";
import { tables } from "../database/tables.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { judgeRecord } from "./judgeRecord.ts";
import { readMessage } from "./readMessage.ts";
import { relatedAgain } from "./resealed.ts";
import { readSurroundings, timelineWrites } from "./timelineStore.ts";
import { publishReturned } from "./withdrawn.ts";

/** Writes and events of a batch, and the messages of whose sealings the verdict is another one, with all as they are now. */
export type JudgedRecords = Required<Pick<GroupChange, "writes" | "events" | "intents" | "publications">> & {
  readonly changed: readonly (Pick<MessageRecord, "id" | "content"> & {
    readonly openings: readonly Opening[];
  })[];
};

/** Judges messages anew, one after the other, so that each sees what those before it change. */
export async function judgeRecords(params: {
  core: CoreParts<"database" | "finalityBlocks" | "inboxes" | "self">;
  group: Group;
  /** The branch that stands once this change is made. */
  branch: Branch;
  /** Epochs in whose place another one stands: what was sealed to them is undone. */
  dead?: ReadonlySet<HeadId>;
  records: AsyncIterable<MessageRecord> | Iterable<MessageRecord>;
  /** Other changes of the same batch: their writes and events are given, too. */
  changes?: readonly TimelineChange[];
  /** The rows of `awaited` that are read already. */
  rows?: ReadonlyMap<string, AwaitedRecord>;
}): Promise<JudgedRecords> {
  const { core, group, branch, dead, records, changes = [], rows } = params;
  const after = withWrites(core.database);
  const place = { database: after.database, group: group.id };
  const given = timelineWrites({ group: group.id, changes });
  const writes: NonNullable<GroupChange["writes"]>[number][] = [...given.writes];
  const events: NonNullable<GroupChange["events"]>[number][] = [...given.events];
  const intents: NonNullable<GroupChange["intents"]>[number][] = [];
  const publications: NonNullable<GroupChange["publications"]>[number][] = [];
  const changed: JudgedRecords["changed"][number][] = [];
  after.add(given.writes);
  for await (const { id } of records) {
    const record = await readMessage({ ...place, id });
    if (!record) continue;
    const { openings, open } = await judgeRecord({ core, branch, record, ...(dead ? { dead } : {}) });
    const isPending = openings.some(({ verdict }) => verdict === "pending");
    const row = open.length > 0 ? { isPending } : undefined;
    const before = rows?.get(id) ?? (await tables.awaited.get(core.database, { group: group.id, id }));
    writes.push(...awaitedWrites({ group, id, before, after: row }));
    const news = openings.filter((opening, i) => opening !== record.openings[i]);
    if (news.length === 0) continue;
    const found = await readSurroundings({ ...place, message: record });
    const moves = changeOpenings({ openings, found: { ...found, record } });
    const shown = timelineWrites({ group: group.id, changes: moves });
    after.add(shown.writes);
    const returned = await publishReturned({ core, group, message: record, openings: news });
    intents.push(...returned.intents, ...(await relatedAgain({ core, ...place, group, changes: moves })));
    publications.push(...returned.publications);
    writes.push(...shown.writes, ...returned.writes);
    events.push(...shown.events);
    changed.push({ id, content: record.content, openings });
    const told = news.filter(({ verdict }) => verdict !== "void");
    writes.push(...told.map((opening) => outcomeWrite({ core, group, record, opening })));
  }
  return { writes, events, intents: lastOfEach(intents), publications, changed };
}

function lastOfEach(intents: readonly Intent[]): Intent[] {
  return [...new Map(intents.map((intent) => [intent.id, intent])).values()];
}

/** Builds the write that keeps in mind that a verdict can still change, or forgets it. */
export function awaitedWrites(params: {
  group: Group;
  id: MessageRecord["id"];
  before: AwaitedRecord | undefined;
  after: AwaitedRecord | undefined;
}): NonNullable<GroupChange["writes"]> {
  const { group, id, before, after } = params;
  if (before?.isPending === after?.isPending) return [];
  const key = { group: group.id, id };
  return [after ? tables.awaited.put(key, after) : tables.awaited.del(key)];
}

/** Builds the write of what became of an envelope that was opened. */
export function outcomeWrite(params: {
  core: CoreParts<"self">;
  group: Group;
  record: Pick<MessageRecord, "id" | "content">;
  opening: Opening;
}) {
  const { core, group, record, opening } = params;
  const { epoch, envelope, verdict } = opening;
  const { id: message } = record;
  const isOwn = record.content.installation === core.self.installation.key;
  const isHidden = verdict === "fenced" || verdict === "pending";
  const outcome = isHidden
    ? ({ kind: verdict, epoch, message } as const)
    : isOwn
      ? ({ kind: "own", message } as const)
      : ({ kind: "opened", epoch, message } as const);
  return tables.outcome.put({ group: group.id, envelope }, { outcome, receivedAtMs: wallMs() });
}
