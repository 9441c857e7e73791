import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countDead, countOf, cutDead, isCounted } from "../../src/reconciler/branch/deadRuns.ts";
import { withSet } from "../../src/reconciler/branch/overlayMap.ts";
import { compareDead } from "../../src/reconciler/entries/compareDead.ts";
import type { DeadRun, EntryRecord, GroupRecord, HeadId } from "../../src/reconciler/records/records.ts";
import { emptyGroupView, viewOfGroup, viewWith } from "../../src/reconciler/view/viewOfGroup.ts";
import type { Entry } from "../../src/wire/chainEntry.ts";
import {
  asAddress,
  type EntryId,
  type GroupId,
  type Hex,
  type InboxId,
  type InstallationKey,
} from "../../src/wire/ids.ts";
import { testId } from "../support/testIntent.ts";

const FINALITY = 4;
const group = testId<GroupId>(0xf0);
const parent = testId<EntryId>(1);
const blockOf = (number: number, fork = 0) => ({ number, time: number, hash: `0x${fork}${number}` as Hex });
type At = { readonly block: number; readonly logIndex: number };

function countAll(places: readonly At[], fork = 0, before: readonly DeadRun[] = []): readonly DeadRun[] {
  let runs = before;
  for (const { block, logIndex } of places) {
    const entry = { block: blockOf(block, fork), logIndex };
    runs = countDead({ runs, entry, parent, finalityBlocks: FINALITY });
  }
  return runs;
}

const chains = fc
  .array(fc.record({ step: fc.nat(3), gap: fc.nat(2) }), { minLength: 1, maxLength: 30 })
  .map((steps) => {
    const places: At[] = [];
    let [block, logIndex] = [1, 0];
    for (const { step, gap } of steps) {
      block += step;
      logIndex = step > 0 ? gap : logIndex + 1 + gap;
      places.push({ block, logIndex });
    }
    return places;
  });

test("dead entries are counted, in few rows however many there are", () => {
  fc.assert(
    fc.property(chains, (places) => {
      const runs = countAll(places);
      assert.equal(countOf(runs), places.length);
      const last = places.at(-1)?.block ?? 0;
      const recent = new Set(places.map(({ block }) => block).filter((block) => block + FINALITY > last));
      assert.ok(runs.length <= recent.size + 2, `${runs.length} rows`);
      const dead = new Map([[parent, runs]]);
      for (const { block, logIndex } of places) {
        assert.ok(isCounted({ dead, parent, entry: { block: blockOf(block), logIndex } }));
      }
      const next = { block: blockOf(last, 1), logIndex: 0 };
      assert.ok(!isCounted({ dead, parent, entry: next }), "the same block of another chain");
    }),
  );
});

test("a rollback takes what stands behind it, and what is read again from there gives the same counts", () => {
  fc.assert(
    fc.property(chains, fc.nat(40), fc.boolean(), (places, number, moves) => {
      const before = countAll(places);
      const cut = cutDead({ dead: new Map([[parent, before]]), from: { block: { number }, logIndex: 0 } });
      const left = before.filter((run) => !cut.cut.includes(run));
      const again = places.filter(({ block }) => block >= cut.from.block.number);
      assert.equal(countOf(left), places.length - again.length, "nothing is counted twice or forgotten");
      const after = countAll(again, moves ? 1 : 0, left);
      assert.equal(countOf(after), places.length);
    }),
  );
});

const record: GroupRecord = {
  ...{ group, genesisKey: undefined, status: "member", reason: undefined, name: "", members: [] },
  ...{ createdAtMs: 0, head: group, epoch: 0, start: { head: group, epoch: 0 } },
};
const inbox = testId<InboxId>(3);
const installation = testId<InstallationKey>(4);
const kinds = ["adopted", "adds", "leave", "refused", "dead"] as const;

/** Each entry stands on the head; what is adopted is the next head. */
function history(made: readonly (typeof kinds)[number][]) {
  let now = record;
  const parents = new Map<HeadId, number>();
  return made.map((kind, i) => {
    const writer = { inbox, installation };
    const epoch = now.epoch + 1;
    const adds = kind === "adds" ? [writer] : [];
    const verdict: EntryRecord["verdict"] =
      kind === "adopted" || kind === "adds"
        ? { kind: "adopted", epoch, writer, adds, removes: [] }
        : kind === "leave"
          ? { kind: "control", epoch, writer, instruction: { kind: "leave" } }
          : kind === "refused"
            ? { kind: "refused", reason: "malformed" }
            : { kind: "dead" };
    const index = parents.get(now.head) ?? 0;
    parents.set(now.head, index + 1);
    const id = testId<EntryId>(0x100 + i);
    const place = { index, block: blockOf(i + 1), logIndex: 0, authority: asAddress(`0x${"00".repeat(20)}`) };
    const entry: EntryRecord = { id, parent: now.head, ...place, verdict };
    if (verdict.kind === "adopted") now = { ...now, head: id, epoch };
    return { entry, record: now };
  });
}

test("a view that grew entry by entry is the one that is built from all of them", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...kinds), { maxLength: 40 }), (made) => {
      let view = emptyGroupView(record);
      let dead: ReadonlyMap<HeadId, readonly DeadRun[]> = new Map();
      const entries = new Map<HeadId, EntryRecord>();
      for (const { entry, record: next } of history(made)) {
        const { parent: at } = entry;
        const isDead = entry.verdict.kind === "dead";
        const runs = isDead
          ? new Map([
              [at, countDead({ runs: view.dead.get(at) ?? [], entry, parent: at, finalityBlocks: FINALITY })],
            ])
          : new Map<HeadId, readonly DeadRun[]>();
        if (!isDead) entries.set(entry.id, entry);
        dead = new Map([...dead, ...runs]);
        view = viewWith({ view, stored: { ...view, record: next }, added: isDead ? [] : [entry], runs });
        const built = viewOfGroup({ ...view, entries, dead });
        assert.deepEqual([...view.entries], [...built.entries]);
        assert.deepEqual([...view.childCounts].sort(), [...built.childCounts].sort());
        assert.deepEqual([...view.children].sort(), [...built.children].sort());
        assert.deepEqual([...view.branch.places], [...built.branch.places]);
        const { steps, end } = built.branch;
        assert.deepEqual([view.branch.steps, view.branch.end], [steps, end]);
        const { leaves, stranded, owed, controls, newest } = built;
        assert.deepEqual(
          [view.leaves, view.stranded, view.owed, view.controls],
          [leaves, stranded, owed, controls],
        );
        assert.equal(view.newest?.block.number, newest?.block.number);
      }
    }),
    { numRuns: 60 },
  );
});

test("a page that has other dead entries than were counted differs from where these begin", () => {
  const runs = countAll([1, 2, 3].map((block) => ({ block, logIndex: 0 })));
  const view = {
    ...emptyGroupView(record),
    entries: new Map(),
    dead: new Map([[group as HeadId, runs.map((run) => ({ ...run, parent: group }))]]),
  };
  const page = (blocks: readonly number[], fork = 0): Entry[] =>
    blocks.map((number) => ({
      ...{ id: testId<EntryId>(0x500 + number), group, parent: group, index: 0, logIndex: 0 },
      ...{
        block: blockOf(number, fork),
        authority: asAddress(`0x${"00".repeat(20)}`),
        payload: new Uint8Array(),
      },
    }));
  const from = { block: { number: 1 }, logIndex: 0 };
  const compare = (entries: readonly Entry[], isComplete = true) =>
    compareDead({ view, from, entries, isComplete });
  assert.deepEqual(compare(page([2, 3])), { kept: [], differsFrom: undefined });
  for (const entries of [page([2]), page([2, 3], 1), []]) {
    const { differsFrom } = compare(entries);
    assert.ok(differsFrom && differsFrom.block.number >= 2);
  }
  assert.deepEqual(compare(page([2]), false), { kept: [], differsFrom: undefined });
  const more = page([2, 3, 4]);
  assert.deepEqual(compare(more), { kept: more.slice(2), differsFrom: undefined });
});

test("a map with changes is the map that they give, and the old one stays as it was", () => {
  const changes = fc.array(fc.tuple(fc.nat(500), fc.nat()), { maxLength: 40 });
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 20 }), (steps) => {
      let map: ReadonlyMap<number, number> = new Map();
      const expected = new Map<number, number>();
      for (const step of steps) {
        const before = [...map];
        const next = withSet(map, step);
        assert.deepEqual([...map], before);
        for (const [key, value] of step) expected.set(key, value);
        map = next;
        assert.deepEqual([...map], [...expected]);
        assert.deepEqual(
          [[...map.keys()], [...map.values()], map.size],
          [[...expected.keys()], [...expected.values()], expected.size],
        );
        const seen: [number, number][] = [];
        map.forEach((value, key) => void seen.push([key, value]));
        assert.deepEqual(seen, [...expected]);
      }
    }),
  );
});
