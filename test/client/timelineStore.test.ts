import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { randomBytes } from "#crypto";
import { crashAtNextWrite } from "../../src/client/crashAtNextWrite.ts";
import { type OutcomeRecord, tables } from "../../src/client/database/tables.ts";
import { deletionChanges } from "../../src/client/entries/changeByControl.ts";
import { rollBackGroup } from "../../src/client/entries/rollBackGroup.ts";
import { changeGroup, type GroupChange } from "../../src/client/group/changeGroup.ts";
import type { Group } from "../../src/client/group/group.ts";
import {
  readGaps,
  readRecords,
  readReplacement,
  readSurroundings,
  timelineWrites,
} from "../../src/client/messages/timelineStore.ts";
import {
  type ConversationState,
  countOutcomes,
  groupStatus,
  listConversations,
  listMessages,
  markRead,
  readOutcomes,
  readParents,
  syncStatus,
} from "../../src/index.ts";
import type { Intent } from "../../src/reconciler/records/intent.ts";
import type { Outcome, RejectReason } from "../../src/reconciler/records/outcome.ts";
import type { EntryRecord } from "../../src/reconciler/records/records.ts";
import type {
  MessageVerdict,
  TimelineChange,
  TimelineRecord,
} from "../../src/reconciler/records/timelineRecord.ts";
import type { MessageBody } from "../../src/reconciler/timeline/composeMessage.ts";
import { epochDigest } from "../../src/reconciler/timeline/epochDigest.ts";
import { insertGap } from "../../src/reconciler/timeline/insertGap.ts";
import { changeOpenings, insertMessage } from "../../src/reconciler/timeline/insertMessage.ts";
import { cursorOf, isShownRecord } from "../../src/reconciler/timeline/timelineItem.ts";
import {
  asId,
  type EntryId,
  type EnvelopeHash,
  type GroupId,
  type Hex,
  type InboxId,
  type MessageId,
  toHex,
} from "../../src/wire/ids.ts";
import { type MessageContent, messageIdOf } from "../../src/wire/messageContent.ts";
import { textPart } from "../../src/wire/part.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import { changesSince, numberNow } from "../support/changesSince.ts";
import { deletes, relates, says } from "../support/contents.ts";
import {
  addOfflineGroup,
  type OfflineClient,
  openOfflineClient,
  testEntryOf,
} from "../support/openOfflineClient.ts";
import { testIntent } from "../support/testIntent.ts";

const EPOCHS = 3;
const OTHERS = asId<InboxId>(new Uint8Array(32).fill(2));
const verdicts = ["counts", "counts", "pending", "fenced", "void"] as const satisfies MessageVerdict[];

let offline: OfflineClient;
before(async () => {
  offline = await openOfflineClient();
});
after(async () => await offline[Symbol.asyncDispose]());

/** One thing that happens to a group's timeline; numbers choose among what there is. */
type Step = {
  readonly kind: (typeof kinds)[number];
  readonly a: number;
  readonly b: number;
  readonly c: number;
};
const kinds = [
  "say",
  "say",
  "say-mine",
  "seal",
  "fail",
  "delete",
  "edit",
  "react",
  "control",
  "gap",
  "judge",
  "reject",
] as const;
const anyStep = fc.record({ kind: fc.constantFrom(...kinds), a: fc.nat(50), b: fc.nat(50), c: fc.nat(50) });

/** The same few messages again and again, so that they come in other epochs and move. */
const crowdedStep = fc.record({
  kind: fc.constantFrom("say", "say", "say", "say-mine", "seal", "delete", "edit", "judge", "control"),
  ...{ a: fc.nat(2), b: fc.nat(1), c: fc.nat(50) },
});

type Scene = { readonly offline: OfflineClient; readonly group: Group };
const at = ({ offline: { core }, group }: Scene) => ({ database: core.database, group: group.id });
const pick = <T>(list: readonly T[], i: number): T | undefined => list[i % Math.max(1, list.length)];
const hashOf = (...parts: readonly unknown[]) =>
  asId<EnvelopeHash>(createHash("sha256").update(parts.join()).digest());

async function newScene(): Promise<Scene> {
  const id = asId<GroupId>(randomBytes(32));
  return { offline, group: await addOfflineGroup({ core: offline.core, group: id, epochs: EPOCHS }) };
}

/** Few, so that some are sealed to several epochs; one's own intents are each for another. */
function contentOf(scene: Scene, step: Step, body?: MessageBody): MessageContent {
  const which = step.kind === "say-mine" ? [step.a, step.b, step.c] : [step.a % 5, step.b % 4];
  return {
    group: scene.group.id,
    inbox: step.kind === "say-mine" || step.c % 2 ? scene.offline.inbox : OTHERS,
    installation: asId(new Uint8Array(32).fill(3)),
    nonce: `0x${hashOf(step.kind, ...which, body?.relation?.kind).slice(2, 34)}`,
    depth: 1 + (step.b % 4),
    parents: [],
    sentAtMs: 0,
    ...(body ?? says(`${step.a % 5}`)),
  };
}

/** Opens a message in an epoch, as the client does. */
async function opened(scene: Scene, step: Step, content: MessageContent, verdict: MessageVerdict) {
  const { group } = scene;
  const message = {
    content,
    replaces: step.c % 3 ? [] : [hashOf("gap", step.a % 6)],
    id: messageIdOf(content),
  };
  const epoch = 1 + (Math.floor(step.c / 2) % EPOCHS);
  const envelope = hashOf(message.id, epoch);
  const found = await readSurroundings({ ...at(scene), message });
  const gaps = await readGaps({ ...at(scene), envelopes: [...message.replaces, envelope] });
  const opening = { epoch, entry: testEntryOf(group.id, epoch), envelope, verdict };
  const outcome: Outcome = { kind: verdict === "fenced" ? "fenced" : "opened", epoch, message: message.id };
  return { changes: insertMessage({ message, opening, found: { ...found, gaps } }), envelope, outcome };
}

async function records(scene: Scene): Promise<TimelineRecord[]> {
  const all: TimelineRecord[] = [];
  for await (const { value } of readRecords(at(scene))) all.push(value);
  return all;
}

async function changeOf(scene: Scene, step: Step): Promise<GroupChange> {
  const { group, offline: client } = scene;
  const shown = (changes: readonly TimelineChange[], outcome?: [EnvelopeHash, Outcome]): GroupChange => {
    const { writes, events } = timelineWrites({ group: group.id, changes });
    const record = outcome && ({ outcome: outcome[1], receivedAtMs: 0 } satisfies OutcomeRecord);
    const told =
      outcome && record ? [tables.outcome.put({ group: group.id, envelope: outcome[0] }, record)] : [];
    return { writes: [...writes, ...told], events };
  };
  const messages = (await records(scene)).filter((one) => one.kind === "message");
  const target = pick(messages, step.b);
  const verdict = pick(verdicts, step.a) ?? "counts";
  switch (step.kind) {
    case "say": {
      const said = await opened(scene, step, contentOf(scene, step), pick(verdicts, step.b) ?? "counts");
      return shown(said.changes, [said.envelope, said.outcome]);
    }
    case "say-mine": {
      const content = contentOf(scene, step);
      const action = { kind: "send", content, message: messageIdOf(content) } as const;
      const sequence = client.core.nextSequence++;
      return { intents: [testIntent({ action, sequence, group: group.id, racesLost: step.a % 3 })] };
    }
    case "seal":
    case "fail": {
      const intent = group.view.intents.find(({ progress }) => progress.kind === "queued");
      if (intent?.action.kind !== "send") return {};
      if (step.kind === "fail") return { intents: [failed(intent)] };
      const said = await opened(scene, step, intent.action.content, "counts");
      const head = group.view.record.head as EntryId;
      const progress = { kind: "sealed", head, envelope: said.envelope } as const;
      return {
        ...shown(said.changes, [said.envelope, { kind: "own", message: intent.action.message }]),
        intents: [{ ...intent, progress, racesLost: 0 }],
      };
    }
    case "delete":
    case "edit":
    case "react": {
      const id = target?.id ?? asId(hashOf("unseen"));
      const body = { delete: () => deletes(id), edit: () => edits(step, id), react: () => reacts(step, id) };
      const content = contentOf(scene, step, body[step.kind]());
      const said = await opened(scene, step, content, step.kind === "delete" ? "counts" : verdict);
      return shown(said.changes, [said.envelope, said.outcome]);
    }
    case "control": {
      const entry = asId<EntryId>(hashOf("control", step.a % 4));
      const message = target?.id ?? asId(hashOf("unseen"));
      const writer = { inbox: OTHERS, installation: asId(new Uint8Array(32)) };
      const instruction = { kind: "delete-message", message };
      const record = {
        id: entry,
        verdict: { kind: "control", epoch: 1 + (step.a % 4), writer, instruction },
      } as EntryRecord;
      return shown(
        await deletionChanges({ core: client.core, group, records: [record], stands: step.c % 3 > 0 }),
      );
    }
    case "gap": {
      const [envelope, epoch] = [hashOf("gap", step.a % 6), 1 + (step.a % EPOCHS)];
      const replacedBy = await readReplacement({ ...at(scene), envelope });
      const reason = "too-late";
      const gap = {
        kind: "gap",
        envelope,
        epoch,
        entry: testEntryOf(group.id, epoch),
        reason,
        atMs: 0,
      } as const;
      return shown(insertGap({ gap, replacedBy }), [envelope, { kind: "gap", epoch, reason }]);
    }
    case "judge": {
      if (!target) return {};
      const verdict = pick(verdicts, step.c) ?? "counts";
      const openings = target.openings.map((one, i) => (i === 0 ? { ...one, verdict } : one));
      const message = { id: target.id, content: target.content, replaces: [] };
      const found = { ...(await readSurroundings({ ...at(scene), message })), record: target };
      return shown(changeOpenings({ openings, found }));
    }
    case "reject":
      return shown(
        [],
        [hashOf("junk", step.a % 4), { kind: "rejected", reason: step.c % 2 ? "malformed" : "stranger" }],
      );
  }
}

const edits = ({ a, c }: Step, id: MessageId) =>
  relates("edit", id, { revision: 1 + (a % 3), parts: [textPart(`edited ${c}`)] });
const reacts = ({ a, b, c }: Step, id: MessageId) =>
  relates("react", id, { key: `${a % 2}`, revision: 1 + (b % 3), ...(c % 2 ? {} : { parts: [] }) });

function failed(intent: Intent): Intent {
  return {
    ...intent,
    progress: { kind: "settled", outcome: { kind: "failed", reason: "audience-changed" } },
  };
}

async function play(scene: Scene, steps: readonly Step[]): Promise<void> {
  const { group, offline: client } = scene;
  for (const step of steps) {
    await group.queue.run(async () => {
      await changeGroup({ core: client.core, group, change: await changeOf(scene, step) });
    });
  }
}

/** The sums, against what is there. */
async function recount(scene: Scene): Promise<void> {
  const { client } = scene.offline;
  const id = scene.group.id;
  const all = await records(scene);
  const status = await groupStatus({ client, group: id });
  assert.equal(status.gaps, all.filter(({ kind }) => kind === "gap").length);
  const isCounted = (one: TimelineRecord) => one.kind === "message" && isShownRecord(one);
  assert.equal(status.messages, all.filter(isCounted).length);
  const epochOf = (one: TimelineRecord) => (one.kind === "message" ? one.openings[0].epoch : one.epoch);
  const digests = status.epochs.map(({ digest }) => digest);
  assert.deepEqual(
    digests,
    Array.from({ length: EPOCHS }, (_, i) =>
      epochDigest({ entry: testEntryOf(id, i + 1), records: all.filter((one) => epochOf(one) === i + 1) }),
    ),
  );
  const listed: Record<string, number> = {};
  for await (const { outcome } of readOutcomes({ client, group: id })) {
    const name = "reason" in outcome ? outcome.reason : outcome.kind;
    listed[name] = (listed[name] ?? 0) + 1;
  }
  const {
    gaps,
    rejected,
    held: _,
    beforeStart: __,
    ...kindsCounted
  } = await countOutcomes({ client, group: id });
  const counted = Object.entries({ ...kindsCounted, ...gaps, ...rejected }).filter(
    ([, count]) => count !== 0,
  );
  assert.deepEqual(Object.fromEntries(counted), listed);
}

test("whatever happens, events give the list that a reading gives, and sums are what a recount gives", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 40 }), async (steps) => {
      const scene = await newScene();
      const shown = new Map<Hex, object>();
      const { client } = offline;
      let since = numberNow(client);
      const hear = async (): Promise<void> => {
        for (const event of await changesSince({ client, since })) {
          if (event.kind === "shown") shown.set(event.item.cursor, event.item);
          if (event.kind === "hidden") shown.delete(event.cursor);
          since = event.number;
        }
      };
      await play(scene, steps.slice(0, steps.length / 2));
      // Of readers that were here all the time, away half of it, or all of it, each hears the same in the end.
      if (steps.length % 3 > 0) await hear();
      await recount(scene);
      await play(scene, steps.slice(steps.length / 2));
      await hear();
      const items = await listMessages({ client: offline.client, group: scene.group.id });
      const told = [...shown].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
      assert.deepEqual(
        items.map(({ delivery: _, ...item }) => item),
        told,
      );
      await recount(scene);
    }),
    { numRuns: 60 },
  );
});

test("unread and last are what the list's history gives, whatever comes, moves and goes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(crowdedStep, { minLength: 10, maxLength: 30 }), async (steps) => {
      const scene = await newScene();
      const common = { client: offline.client, group: scene.group.id };
      const unread = new Map<Hex, Hex>();
      let before = new Set<Hex>();
      const told: ConversationState[] = [];
      let since = numberNow(offline.client);
      for (const step of steps) {
        await play(scene, [step]);
        const items = (await listMessages(common)).flatMap((item) =>
          item.kind === "message" && item.epoch !== undefined && item.text !== undefined ? [item] : [],
        );
        const others = items.filter(({ author }) => author !== offline.inbox);
        const isUnread = ({ id }: { id: Hex }) => unread.has(id) || !before.has(id);
        const still = others.filter(isUnread).map(({ id, cursor }) => [id, cursor] as const);
        unread.clear();
        for (const [id, cursor] of still) unread.set(id, cursor);
        before = new Set(items.map(({ id }) => id));
        if (step.c % 5 === 0 && items.length > 0) {
          const upTo = pick(items, step.a)?.cursor ?? "0x";
          const isAll = step.b % 2 === 0;
          await markRead({ ...common, ...(isAll ? {} : { upTo }) });
          for (const [id, cursor] of [...unread]) if (isAll || cursor <= upTo) unread.delete(id);
        }
        const [listed] = (await listConversations(common)).filter(({ group }) => group === scene.group.id);
        const last = items.at(-1);
        assert.equal(listed?.unread, unread.size);
        const rows: Hex[] = [];
        for await (const { fields } of tables.unread.rows(offline.core.database, {
          under: { group: scene.group.id },
        })) {
          rows.push(cursorOf({ epoch: Number(fields.epoch), rank: fields.rank, id: toHex(fields.id) }));
        }
        assert.deepEqual(rows, [...unread.values()].sort(), "at the places where they stand");
        assert.deepEqual(
          listed?.last && [listed.last.cursor, listed.last.text, listed.last.author],
          last && [last.cursor, last.text, last.author],
        );
        for (const event of await changesSince({ ...common, since })) {
          if (event.kind === "conversation") told.push(event);
          since = event.number;
        }
        const { unread: count, last: shown } = told.at(-1) ?? { unread: 0, last: undefined };
        assert.deepEqual([count, shown], [listed?.unread, listed?.last], "and it was told");
      }
    }),
    { numRuns: 40 },
  );
});

test("a deletion applies however many others, in vain, name the same message", async () => {
  const scene = await newScene();
  const { group, offline: client } = scene;
  const text = contentOf(scene, { kind: "say", a: 1, b: 1, c: 0 });
  const id = messageIdOf(text);
  const seal = async (content: MessageContent, verdict: MessageVerdict = "counts") => {
    const { changes } = await opened(scene, { kind: "say", a: 1, b: 1, c: 0 }, content, verdict);
    const { writes, events } = timelineWrites({ group: group.id, changes });
    await group.queue.run(() => changeGroup({ core: client.core, group, change: { writes, events } }));
  };
  const state = async () => {
    const [item] = await listMessages({ client: client.client, group: group.id });
    return item?.kind === "message" && item.state;
  };
  await seal(text);
  for (let i = 0; i < 300; i++) {
    const nonce: Hex = `0x${hashOf("stranger", i).slice(2, 34)}`;
    await seal({ ...text, nonce, inbox: client.inbox, ...deletes(id) });
  }
  assert.equal(await state(), "visible");
  await seal({ ...text, ...deletes(id) });
  assert.equal(await state(), "deleted");
  await seal(text, "fenced");
  await seal(text);
  assert.equal(await state(), "deleted");
});

test("pages from either end and on either side of a cursor make up the list", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { minLength: 20, maxLength: 40 }),
      fc.integer({ min: 1, max: 7 }),
      async (steps, limit) => {
        const scene = await newScene();
        await play(scene, steps);
        const common = { client: offline.client, group: scene.group.id };
        const all = await listMessages(common);
        const onwards: typeof all = [];
        for (let page = await listMessages({ ...common, limit }); page.length > 0; ) {
          onwards.push(...page);
          page = await listMessages({ ...common, limit, after: page.at(-1)?.cursor ?? "0x" });
        }
        assert.deepEqual(onwards, all);
        const back: typeof all = [];
        for (let page = await listMessages({ ...common, limit, from: "end" }); page.length > 0; ) {
          back.unshift(...page);
          page = await listMessages({ ...common, limit, before: page[0]?.cursor ?? "0x" });
        }
        assert.deepEqual(back, all);
        const [first, last] = [all.at(0), all.at(-1)];
        if (!first || !last || first === last) return;
        const inner = await listMessages({ ...common, after: first.cursor, before: last.cursor });
        assert.deepEqual(inner, all.slice(1, -1));
      },
    ),
    { numRuns: 10 },
  );
});

test("sums and open intents are right after a crash at any write", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { minLength: 12, maxLength: 20 }),
      fc.nat(11),
      fc.boolean(),
      async (steps, crashAt, takesEffect) => {
        const scene = await newScene();
        const { id } = scene.group;
        await play(scene, steps.slice(0, crashAt));
        const crashed = crashAtNextWrite({ client: offline.client, takesEffect });
        const isWriting: Step = { kind: "reject", a: 0, b: 1, c: 0 };
        await assert.rejects(play(scene, [...steps.slice(crashAt), isWriting]));
        await crashed;
        offline = await offline.reopen();
        const group = offline.core.groups.get(id) ?? assert.fail();
        await recount({ offline, group });
        const open = group.view.intents.map(({ sequence }) => sequence);
        const isOpen: number[] = [];
        let racesLost = 0;
        for await (const { value } of tables.outbox.rows(offline.core.database)) {
          if (value.group === id && value.progress.kind !== "settled") isOpen.push(value.sequence);
          racesLost += value.racesLost;
        }
        assert.deepEqual(open, isOpen);
        assert.equal((await syncStatus(offline)).racesLost, racesLost);
      },
    ),
    { numRuns: 8 },
  );
});

test("junk beyond a bound is counted and takes no room, and what members cause is still listed", async () => {
  const { group } = await newScene();
  const { core, client } = offline;
  const reject = async (reason: RejectReason, name: string) => {
    const outcome = { outcome: { kind: "rejected", reason }, receivedAtMs: 0 } as const;
    const writes = [tables.outcome.put({ group: group.id, envelope: hashOf(reason, name) }, outcome)];
    await changeGroup({ core, group, change: { writes } });
  };
  for (let i = 0; i < 1100; i++) await reject(i % 2 ? "malformed" : "stranger", `${i}`);
  await reject("malformed", "1");
  await reject("replayed", "a member's");
  const counts = await countOutcomes({ client, group: group.id });
  assert.deepEqual(counts.rejected, { malformed: 550, stranger: 550, replayed: 1 });
  const listed: Outcome[] = [];
  for await (const { outcome } of readOutcomes({ client, group: group.id })) listed.push(outcome);
  assert.equal(listed.length, 1025);
  assert.ok(listed.some((one) => one.kind === "rejected" && one.reason === "replayed"));
});

test("a reorganization that takes a dead entry lets what was sealed to it be read again", async () => {
  const { group } = await newScene();
  const { core } = offline;
  const topic = groupTopic(group.id);
  const dead = {
    ...(group.view.entries.get(testEntryOf(group.id, 2)) ?? assert.fail()),
    index: 1,
    logIndex: 1,
  };
  const entry: EntryRecord = { ...dead, id: asId(randomBytes(32)), verdict: { kind: "dead" } };
  const position = { cursors: {}, vector: [] };
  const writes = [tables.topicPosition.put({ topic }, position)];
  const rollBack = () => rollBackGroup({ core, group, voids: ({ id }) => id === entry.id });
  await changeGroup({ core, group, change: { entries: [entry], writes } });
  await rollBack();
  assert.deepEqual(await tables.topicPosition.get(core.database, { topic }), position);
  const rejection = { outcome: { kind: "rejected", reason: "dead-branch" }, receivedAtMs: 0 } as const;
  const told = tables.outcome.put({ group: group.id, envelope: hashOf("to a dead branch") }, rejection);
  await changeGroup({ core, group, change: { entries: [entry], writes: [told] } });
  const { topicReadings } = group;
  await rollBack();
  assert.equal(await tables.topicPosition.get(core.database, { topic }), undefined);
  assert.equal(group.topicReadings, topicReadings + 1);
});

test("an app can ask how a message stands to its parents", async () => {
  const scene = await newScene();
  const { id: group } = scene.group;
  const first = contentOf(scene, { kind: "say", a: 1, b: 1, c: 1 });
  const later = { ...contentOf(scene, { kind: "say", a: 2, b: 0, c: 1 }), parents: [messageIdOf(first)] };
  const read = () => readParents({ client: offline.client, group, message: messageIdOf(later) });
  assert.equal(await read(), undefined);
  const insert = async (content: MessageContent, epoch: number) => {
    const step = { kind: "say", a: 0, b: 0, c: 2 * (epoch - 1) } as const;
    const said = await opened(scene, step, content, "counts");
    const { writes, events } = timelineWrites({ group, changes: said.changes });
    await changeGroup({ core: offline.core, group: scene.group, change: { writes, events } });
  };
  await insert(later, 1);
  assert.equal((await read())?.verdict, "missing");
  await insert(first, 2);
  assert.deepEqual(await read(), { parents: later.parents, verdict: "later-epoch" });
});
