import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { randomBytes } from "#crypto";
import { isWeftError } from "../../src/errors.ts";
import { contextAfterRole, firstContext } from "../../src/reconciler/policy/nextContext.ts";
import type {
  GapRecord,
  MembershipRecord,
  MessageRecord,
  MessageVerdict,
  Opening,
  RelationRecord,
} from "../../src/reconciler/records/timelineRecord.ts";
import type { MessageBody } from "../../src/reconciler/timeline/composeMessage.ts";
import { epochDigest } from "../../src/reconciler/timeline/epochDigest.ts";
import { judgeParents } from "../../src/reconciler/timeline/judgeParents.ts";
import { membershipChanges } from "../../src/reconciler/timeline/membershipChanges.ts";
import { registerOf } from "../../src/reconciler/timeline/relationsOf.ts";
import { cursorOf, keyOfCursor, showRecord } from "../../src/reconciler/timeline/timelineItem.ts";
import type { ApplicationMessage } from "../../src/wire/applicationMessage.ts";
import {
  asId,
  type EntryId,
  type EnvelopeHash,
  type Hex,
  type Id,
  type InboxId,
  type InstallationKey,
  type MessageId,
  toHex,
} from "../../src/wire/ids.ts";
import { messageIdOf } from "../../src/wire/messageContent.ts";
import { relationKinds } from "../../src/wire/relation.ts";
import { deletes, says } from "../support/contents.ts";
import { type TimelineInMemory, timelineInMemory } from "../support/timelineInMemory.ts";

const EPOCHS = 4;
const same = <T extends Id>(fill: number) => asId<T>(new Uint8Array(32).fill(fill));
const hashOf = (label: string) => asId<EnvelopeHash>(createHash("sha256").update(label).digest());
const entryOf = (epoch: number) => same<EntryId>(200 + epoch);

type Opened = {
  readonly message: ApplicationMessage & { readonly id: MessageId };
  readonly opening: Opening;
};

let nonce = 0;
function say(
  author: number,
  epoch: number,
  options: { depth?: number; body?: MessageBody; verdict?: MessageVerdict; replaces?: EnvelopeHash[] } = {},
): Opened {
  const { depth = 1, body = says(`by ${author}`), verdict = "counts", replaces = [] } = options;
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, nonce++);
  const content = {
    group: same<never>(1),
    inbox: same<InboxId>(author),
    installation: same<InstallationKey>(author),
    nonce: toHex(bytes),
    depth,
    parents: [],
    sentAtMs: 0,
    ...body,
  };
  const id = messageIdOf(content);
  return { message: { id, content, replaces }, opening: sealing(id, epoch, verdict) };
}

function sealing(id: MessageId, epoch: number, verdict: MessageVerdict = "counts"): Opening {
  return { epoch, entry: entryOf(epoch), envelope: hashOf(`${id} in ${epoch}, ${verdict}`), verdict };
}

function gapOf(envelope: EnvelopeHash, epoch: number): GapRecord {
  return { kind: "gap", envelope, epoch, entry: entryOf(epoch), reason: "too-late", atMs: 0 };
}

const deleteOwn = (author: number, epoch: number, message: MessageId, verdict: MessageVerdict = "counts") =>
  say(author, epoch, { body: deletes(message), verdict });

/** A super admin's deletion of anybody's message. */
function controlOf(params: Pick<RelationRecord, "target" | "epoch" | "source">): RelationRecord {
  const { kind, key, register } = registerOf({ kind: relationKinds.delete });
  return { ...params, kind, key, register, inbox: same(5), state: "counts", revision: 0 };
}

function open(timeline: TimelineInMemory, { message, opening }: Opened): void {
  timeline.open(message, opening);
}

const texts = (timeline: TimelineInMemory) =>
  timeline.records().flatMap((record) => {
    const item = showRecord(record);
    return item?.kind === "message" ? [`${item.state} ${item.epoch} ${item.text ?? ""}`.trim()] : [];
  });

type Step = { readonly epoch: number; readonly tell: (timeline: TimelineInMemory) => void };

function stepOf(one: Opened): Step {
  return { epoch: one.opening.epoch, tell: (timeline) => open(timeline, one) };
}

/** A random set of facts: messages, sealings again, own and foreign deletions, gaps, verdicts. */
const histories = fc.gen().map((pick) => {
  const int = (max: number) => pick(fc.nat, max);
  const steps: Step[] = [];
  const opened: Opened[] = [];
  const verdict = () => (["counts", "counts", "counts", "pending", "fenced"] as const)[int(4)] ?? "counts";
  for (let i = int(12) + 1; i > 0; i--) {
    const said = say(1 + int(2), int(EPOCHS - 1), { depth: 1 + int(3), verdict: verdict() });
    opened.push(said);
    if (int(3) === 0) opened.push({ ...said, opening: sealing(said.message.id, int(EPOCHS - 1), verdict()) });
  }
  for (let i = int(6); i > 0; i--) {
    const target = opened[int(opened.length - 1)]?.message.id ?? same<MessageId>(9);
    if (int(2) > 0) opened.push(deleteOwn(1 + int(2), int(EPOCHS - 1), target, verdict()));
    else {
      const source = { kind: "control", entry: same<EntryId>(100 + i) } as const;
      const epoch = int(EPOCHS - 1);
      const deletion = controlOf({ target, epoch, source });
      steps.push({ epoch, tell: (timeline) => timeline.control(deletion, true) });
    }
  }
  for (let i = int(4); i > 0; i--) {
    const epoch = int(EPOCHS - 1);
    const gap = gapOf(hashOf(`gap ${i} in ${epoch}`), epoch);
    steps.push({ epoch, tell: (timeline) => timeline.gap(gap) });
    if (int(1) > 0) opened.push(say(1, int(EPOCHS - 1), { replaces: [gap.envelope] }));
  }
  return [...steps, ...opened.map(stepOf)];
});

function play(steps: readonly Step[]): TimelineInMemory {
  const timeline = timelineInMemory();
  for (const { tell } of steps) tell(timeline);
  return timeline;
}

const digests = (timeline: TimelineInMemory) =>
  Array.from({ length: EPOCHS }, (_, epoch) => timeline.digest({ entry: entryOf(epoch), epoch }));

test("any order of the same facts gives the same timeline and digests, repeats included", () => {
  const shuffled = histories.chain((steps) =>
    fc.record({
      steps: fc.constant(steps),
      order: fc.shuffledSubarray([...steps.keys(), ...steps.keys()], { minLength: 2 * steps.length }),
    }),
  );
  fc.assert(
    fc.property(shuffled, ({ steps, order }) => {
      const one = play(steps);
      const other = play(order.flatMap((i) => steps[i] ?? []));
      assert.deepEqual(other.records(), one.records());
      assert.deepEqual(digests(other), digests(one));
    }),
    { numRuns: 500 },
  );
});

test("whoever came in later has the same digests of all epochs since", () => {
  const joined = fc.record({ steps: histories, from: fc.integer({ min: 1, max: EPOCHS - 1 }) });
  let compared = 0;
  fc.assert(
    fc.property(joined, ({ steps, from }) => {
      const theirs = digests(play(steps.filter(({ epoch }) => epoch >= from))).slice(from);
      digests(play(steps))
        .slice(from)
        .forEach((digest, i) => {
          // A gap may be cleared by what only those before can read.
          if (digest.kind !== "digest" || theirs[i]?.kind !== "digest") return;
          compared++;
          assert.deepEqual(theirs[i], digest);
        });
    }),
    { numRuns: 500 },
  );
  assert.ok(compared > 0);
});

test("two sets that differ in a message, a deletion or an epoch differ in a digest", () => {
  const [a, b] = [say(1, 0), say(2, 0)];
  const deletion = deleteOwn(1, 0, a.message.id);
  const sets = [[], [a], [b], [a, b], [a, deletion], [a, b, deletion]];
  const all = sets.map((set) => digests(play(set.map(stepOf))));
  assert.equal(new Set(all.map((one) => JSON.stringify(one))).size, sets.length);
});

test("the digest has its documented layout", () => {
  const said = [say(1, 2, { depth: 2 }), say(2, 2, { depth: 1 }), say(3, 2, { depth: 3, verdict: "fenced" })];
  const timeline = play(said.map(stepOf));
  const [second, first] = said;
  open(timeline, deleteOwn(1, 3, second?.message.id ?? same(9)));
  const hex = (id: Hex | undefined) => Buffer.from((id ?? "").slice(2), "hex");
  const expected = createHash("sha256")
    .update("weft.timeline.v1")
    .update(hex(entryOf(2)))
    .update(hex(first?.message.id))
    .update(Uint8Array.of(0))
    .update(hex(second?.message.id))
    .update(Uint8Array.of(1))
    .digest("hex");
  assert.deepEqual(timeline.digest({ entry: entryOf(2), epoch: 2 }), {
    kind: "digest",
    digest: `0x${expected}`,
  });
});

test("an epoch of 100,000 messages has a digest, whatever order they are read in", () => {
  const { message, opening } = say(1, 1);
  const records = Array.from({ length: 100_000 }, (_, i): MessageRecord => {
    const id: MessageId = asId(`0x${i.toString(16).padStart(64, "0")}`);
    return { kind: "message", id, content: message.content, openings: [opening], deleted: false };
  });
  const entry = entryOf(1);
  const digest = epochDigest({ entry, records });
  assert.equal(digest.kind, "digest");
  assert.deepEqual(epochDigest({ entry, records: records.toReversed() }), digest);
});

test("epoch, then depth, then id", () => {
  const said = [
    say(1, 1, { depth: 9 }),
    say(1, 2, { depth: 1 }),
    say(2, 1, { depth: 2 }),
    say(3, 1, { depth: 2 }),
  ];
  const ids = play(said.map(stepOf))
    .records()
    .map((record) => (record.kind === "message" ? record.id : undefined));
  const [late, next, a, b] = said.map(({ message }) => message.id);
  assert.deepEqual(ids, [...[a, b].sort(), late, next]);
});

test("an insertion touches only what it changes", () => {
  const timeline = timelineInMemory();
  const first = say(1, 0);
  open(timeline, first);
  for (let i = 0; i < 500; i++) open(timeline, say(2, 1 + (i % 3), { depth: 1 + i }));
  open(timeline, say(1, 0));
  assert.equal(timeline.touched(), 1);
  open(timeline, deleteOwn(1, 3, first.message.id));
  assert.equal(timeline.touched(), 2);
});

test("a message opened in several epochs counts in the lowest where it counts", () => {
  const said = say(1, 3);
  const timeline = timelineInMemory();
  open(timeline, said);
  timeline.open(said.message, sealing(said.message.id, 1, "pending"));
  assert.deepEqual(texts(timeline), ["visible 3 by 1"]);
  timeline.open(said.message, sealing(said.message.id, 2));
  assert.deepEqual(texts(timeline), ["visible 2 by 1"]);
  const judged = (verdict: MessageVerdict) => (openings: readonly Opening[]) =>
    openings.map((one) => (one.epoch === 1 ? { ...one, verdict } : one));
  timeline.reopen(said.message.id, judged("counts"));
  assert.deepEqual(texts(timeline), ["visible 1 by 1"]);
  timeline.reopen(said.message.id, judged("fenced"));
  assert.deepEqual(texts(timeline), ["visible 2 by 1"]);
  timeline.reopen(said.message.id, (openings) => openings.filter((one) => one.epoch === 1));
  assert.deepEqual(texts(timeline), ["fenced 1"]);
  timeline.reopen(said.message.id, () => []);
  assert.deepEqual(timeline.records(), []);
});

test("only the author deletes its own, seen or not yet seen, and only until the deletion is fenced", () => {
  const said = say(1, 1);
  const { id } = said.message;
  const timeline = timelineInMemory();
  open(timeline, deleteOwn(2, 1, id));
  open(timeline, said);
  assert.deepEqual(texts(timeline), ["visible 1 by 1"]);
  const deletion = deleteOwn(1, 2, id, "pending");
  open(timeline, deletion);
  assert.deepEqual(texts(timeline), ["deleted 1"]);
  const judged = (verdict: MessageVerdict) => () => [{ ...deletion.opening, verdict }];
  timeline.reopen(deletion.message.id, judged("counts"));
  assert.deepEqual(texts(timeline), ["deleted 1"]);
  timeline.reopen(deletion.message.id, judged("fenced"));
  assert.deepEqual(texts(timeline), ["visible 1 by 1"]);
});

test("an adopted control deletes anyone's message, until a reorganization takes it away", () => {
  const said = say(1, 1);
  const source = { kind: "control", entry: same<EntryId>(77) } as const;
  const deletion = controlOf({ target: said.message.id, epoch: 1, source });
  const timeline = timelineInMemory();
  timeline.control(deletion, true);
  open(timeline, said);
  assert.deepEqual(texts(timeline), ["deleted 1"]);
  const own = deleteOwn(1, 1, said.message.id);
  open(timeline, own);
  timeline.control(deletion, false);
  assert.deepEqual(texts(timeline), ["deleted 1"]);
  timeline.reopen(own.message.id, () => []);
  assert.deepEqual(texts(timeline), ["visible 1 by 1"]);
});

test("a gap is visible and leaves its epoch without a digest, until a message replaces it", () => {
  const timeline = timelineInMemory();
  const gap = gapOf(hashOf("late"), 1);
  open(timeline, say(2, 1));
  timeline.gap(gap);
  assert.deepEqual(timeline.digest({ entry: entryOf(1), epoch: 1 }), { kind: "gaps", gaps: 1 });
  const shown = timeline.records().map(showRecord);
  assert.deepEqual(
    shown.map((item) => item?.kind),
    ["message", "gap"],
  );
  open(timeline, say(1, 2, { replaces: [gap.envelope] }));
  assert.equal(timeline.digest({ entry: entryOf(1), epoch: 1 }).kind, "digest");
  timeline.gap(gap);
  assert.equal(timeline.digest({ entry: entryOf(1), epoch: 1 }).kind, "digest");
});

test("the parents that a message names have outcomes, and never move it", () => {
  const record = (epoch: number, depth: number): MessageRecord => {
    const { message, opening } = say(1, epoch, { depth });
    return { kind: "message", id: message.id, content: message.content, openings: [opening], deleted: false };
  };
  const child = record(2, 5);
  assert.equal(judgeParents({ record: child, parents: [] }), "in-order");
  assert.equal(judgeParents({ record: child, parents: [record(2, 4), record(1, 9)] }), "in-order");
  assert.equal(judgeParents({ record: child, parents: [record(2, 4), undefined] }), "missing");
  assert.equal(judgeParents({ record: child, parents: [undefined, record(3, 1)] }), "later-epoch");
  assert.equal(judgeParents({ record: child, parents: [record(2, 6)] }), "false-depth");
});

test("a commit shows who came, went, got a role or renamed the group", () => {
  const member = (inbox: number, device = inbox) => ({
    inbox: same<InboxId>(inbox),
    installation: same<InstallationKey>(device),
  });
  const context = firstContext({ drawBytes: randomBytes, name: "Plans", creator: same(1) });
  const before = { context, members: [member(1), member(2), member(3), member(4)] };
  const raised = contextAfterRole({ context: { ...context, name: "Other" }, inbox: same(4), role: "admin" });
  const after = { context: raised, members: [member(1), member(4), member(4, 40), member(5)] };
  assert.deepEqual(membershipChanges({ before, after, leavers: new Set([same<InboxId>(3)]) }), [
    { kind: "joined", inbox: same(5) },
    { kind: "removed", inbox: same(2) },
    { kind: "left", inbox: same(3) },
    { kind: "installation-added", inbox: same(4), installation: same(40) },
    { kind: "role", inbox: same(4), role: "admin" },
    { kind: "renamed", name: "Other" },
  ]);
  assert.deepEqual(membershipChanges({ before, after: before, leavers: new Set() }), []);
});

test("a commit stands before the messages of the epoch that it opened, and is not in the digest", () => {
  const timeline = timelineInMemory();
  const said = say(1, 1);
  open(timeline, said);
  const message = timeline.records()[0] ?? assert.fail();
  const commit: MembershipRecord = {
    kind: "membership",
    epoch: 1,
    entry: entryOf(1),
    by: same(1),
    atMs: 0,
    changes: [{ kind: "joined", inbox: same(2) }],
  };
  const [shown, behind] = [commit, message].map(showRecord);
  assert.ok(shown && behind && shown.cursor < behind.cursor);
});

test("a cursor stands for a place and sorts as the timeline does", () => {
  const keys = fc.record(
    {
      epoch: fc.nat(2 ** 31),
      rank: fc.nat(2 ** 31),
      id: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex),
    },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(keys, (key) => assert.deepEqual(keyOfCursor(cursorOf(key)), key)));
  for (const junk of ["0x", "0x00", "oops" as Hex, `0x${"ff".repeat(44)}`] as const) {
    assert.throws(
      () => keyOfCursor(junk as Hex),
      (error) => isWeftError(error, "bad-cursor"),
    );
  }
});
