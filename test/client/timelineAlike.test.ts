import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { randomBytes } from "#crypto";
import { deletionChanges } from "../../src/client/entries/changeByControl.ts";
import { changeGroup } from "../../src/client/group/changeGroup.ts";
import type { Group } from "../../src/client/group/group.ts";
import { judgeRecords } from "../../src/client/messages/judgeRecords.ts";
import { showMessage } from "../../src/client/messages/showMessage.ts";
import { readRecords, timelineWrites } from "../../src/client/messages/timelineStore.ts";
import type { Branch } from "../../src/reconciler/branch/branch.ts";
import type { EntryRecord } from "../../src/reconciler/records/records.ts";
import type { RelationRecord, TimelineRecord } from "../../src/reconciler/records/timelineRecord.ts";
import { registerOf } from "../../src/reconciler/timeline/relationsOf.ts";
import { asId, type EntryId, type GroupId, type InboxId, type MessageId } from "../../src/wire/ids.ts";
import { MAX_REACTIONS_PER_INBOX } from "../../src/wire/limits.ts";
import { relationKinds } from "../../src/wire/relation.ts";
import { relates } from "../support/contents.ts";
import { addOfflineGroup, type OfflineClient, openOfflineClient } from "../support/openOfflineClient.ts";
import { anyFacts, EPOCHS, entryOf, type Opened, same, say } from "../support/timelineFacts.ts";
import { timelineInMemory } from "../support/timelineInMemory.ts";

let offline: OfflineClient;
before(async () => {
  offline = await openOfflineClient();
});
after(async () => await offline[Symbol.asyncDispose]());

type Step =
  | ({ readonly kind: "open" } & Opened)
  /** A reorganization takes all from this epoch on. */
  | { readonly kind: "undo"; readonly epoch: number }
  | { readonly kind: "control"; readonly entry: EntryId; readonly target: MessageId; readonly epoch: number };

const writer = { inbox: same<InboxId>(9), installation: same<never>(9) };

/** Facts, some of them taken by reorganizations and come again; controls; one inbox with more reactions than count. */
const anySteps = fc.gen().map((pick) => {
  const int = (max: number) => pick(fc.nat, max);
  const facts = pick(() => anyFacts);
  const targets = facts.map(({ message }) => message.id);
  const target = () => targets[int(targets.length - 1)] ?? same<MessageId>(8);
  const many = target();
  const reactions = Array.from(
    { length: int(2) === 0 ? MAX_REACTIONS_PER_INBOX + int(40) : 0 },
    (): Opened => {
      const body = relates("react", many, {
        key: `${int(40)}`,
        revision: int(2),
        ...(int(4) ? {} : { parts: [] }),
      });
      return say(2, body, { epoch: int(EPOCHS - 1), verdict: int(8) ? "counts" : "void" });
    },
  );
  const steps: Step[] = [];
  for (const fact of [...facts, ...reactions]) {
    steps.push({ kind: "open", ...fact });
    const again = [...facts, ...reactions][int(facts.length - 1)];
    if (again && int(5) === 0) steps.push({ kind: "open", ...again });
    if (int(30) === 0) steps.push({ kind: "undo", epoch: int(EPOCHS - 1) });
    if (int(8) === 0) {
      const entry = same<EntryId>(100 + (steps.length % 50));
      steps.push({ kind: "control", entry, target: target(), epoch: int(EPOCHS - 1) });
    }
  }
  return steps;
});

async function recordsOf(group: Group): Promise<TimelineRecord[]> {
  const all: TimelineRecord[] = [];
  for await (const { value } of readRecords({ database: offline.core.database, group: group.id }))
    all.push(value);
  return all;
}

/** Does with the database what the client does. */
async function carryOut(group: Group, step: Step): Promise<void> {
  const { core } = offline;
  switch (step.kind) {
    case "open": {
      const change = await showMessage({ core, group, ...step, isAwaited: false });
      return await changeGroup({ core, group, change });
    }
    case "undo": {
      const dead = new Set(Array.from({ length: EPOCHS - step.epoch }, (_, i) => entryOf(step.epoch + i)));
      const messages = (await recordsOf(group)).filter((one) => one.kind === "message");
      const branch = { places: new Map() } as unknown as Branch;
      const { writes, events } = await judgeRecords({ core, group, branch, dead, records: messages });
      return await changeGroup({ core, group, change: { writes, events } });
    }
    case "control": {
      const instruction = { kind: "delete-message", message: step.target };
      const verdict = { kind: "control", epoch: step.epoch, writer, instruction };
      const records = [{ id: step.entry, verdict } as unknown as EntryRecord];
      const changes = await deletionChanges({ core, group, records, stands: true });
      return await changeGroup({ core, group, change: timelineWrites({ group: group.id, changes }) });
    }
  }
}

test("the database has the records that the rules give, whatever comes, goes and comes again", async () => {
  await fc.assert(
    fc.asyncProperty(anySteps, async (steps) => {
      const id = asId<GroupId>(randomBytes(32));
      const group = await addOfflineGroup({ core: offline.core, group: id, epochs: EPOCHS });
      const timeline = timelineInMemory();
      for (const step of steps) {
        await group.queue.run(() => carryOut(group, step));
        switch (step.kind) {
          case "open":
            timeline.open(step.message, step.opening);
            break;
          case "undo":
            for (const { message } of steps.filter((one) => one.kind === "open")) {
              timeline.reopen(message.id, (openings) =>
                openings.map((one) => (one.epoch >= step.epoch ? { ...one, verdict: "void" } : one)),
              );
            }
            break;
          case "control": {
            const { target, entry, epoch } = step;
            const source = { kind: "control", entry } as const;
            const deletion: RelationRecord = {
              ...{ target, source, epoch, inbox: writer.inbox, state: "counts", revision: 0 },
              ...registerOf({ kind: relationKinds.delete }),
            };
            timeline.control(deletion, true);
          }
        }
      }
      const without = (records: readonly TimelineRecord[]) => JSON.parse(JSON.stringify(records)) as unknown;
      assert.deepEqual(without(await recordsOf(group)), without(timeline.records()));
    }),
    { numRuns: 25 },
  );
});
