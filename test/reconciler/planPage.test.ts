import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { Group } from "../../src/client/group/group.ts";
import { type PageNews, planPage } from "../../src/reconciler/entries/planPage.ts";
import type { EntryRecord } from "../../src/reconciler/records/records.ts";
import { stepToSealTo } from "../../src/reconciler/view/stepToSealTo.ts";
import { viewOfGroup } from "../../src/reconciler/view/viewOfGroup.ts";
import type { Entry, EntryPage } from "../../src/wire/chainEntry.ts";
import { asId, type GroupId, type InboxId, type InstallationKey } from "../../src/wire/ids.ts";
import { addOfflineGroup, openOfflineClient } from "../support/openOfflineClient.ts";

const id = asId<GroupId>(randomBytes(32));
await using offline = await openOfflineClient();
/** Entries in the blocks 11, 12 and 13, each the only child of the one before. */
const group = await addOfflineGroup({ core: offline.core, group: id, epochs: 3 });
const known = [...group.view.entries.values()];
const [first, second, third] = known;
assert.ok(first && second && third);
const head = { number: 20, hash: asId<GroupId>(randomBytes(32)), time: 20 };

function asServed(entry: EntryRecord): Entry {
  return { ...entry, group: id, payload: new Uint8Array() };
}

function pageOf(params: Partial<EntryPage>): EntryPage {
  return { from: undefined, entries: known.map(asServed), more: false, head, ...params };
}

function newsOf(page: EntryPage, of: Group = group): PageNews {
  const plan = planPage({ group: of, page });
  assert.ok(plan.kind === "news", plan.kind);
  return plan;
}

/** By entry: its block, its index, and how many children are claimed. */
function claimed({ claim }: PageNews) {
  return new Map(
    claim.facts.flatMap((fact) =>
      fact.kind === "entry" ? [[fact.id, [fact.block, fact.index, fact.children]]] : [],
    ),
  );
}

const fresh = asServed({
  ...third,
  id: asId(randomBytes(32)),
  parent: third.id,
  block: { ...head, number: 15 },
});

test("a page that says what is known changes nothing, whatever it begins with", () => {
  assert.equal(planPage({ group, page: pageOf({}) }).kind, "nothing");
  assert.equal(planPage({ group, page: pageOf({ entries: [asServed(first)], more: true }) }).kind, "nothing");
});

test("a page that is complete claims its entries, what they stand on, and that none of their children is left out", () => {
  const plan = newsOf(pageOf({ entries: [...known.map(asServed), fresh] }));
  assert.deepEqual(plan.fresh, [fresh]);
  assert.deepEqual(
    [...claimed(plan)],
    [
      [third.id, [13, 0, 1]],
      [fresh.id, [15, 0, 0]],
    ],
  );
  assert.ok(plan.claim.facts.some((fact) => fact.kind === "block" && fact.block.number === 15));
});

test("a page that has more behind it claims where its entries stand, and not how many children they have", () => {
  const plan = newsOf(pageOf({ entries: [...known.map(asServed), fresh], more: true }));
  assert.deepEqual(plan.lost, []);
  assert.deepEqual(
    [...claimed(plan).values()].map(([, , children]) => children),
    [undefined, undefined],
  );
});

test("what was told by parts is asked about as a whole with the last one", () => {
  const plan = newsOf(pageOf({ entries: [...known.map(asServed), fresh] }), {
    ...group,
    unproven: new Set([first.id]),
  });
  assert.deepEqual(claimed(plan).get(first.id), [11, 0, 1]);
});

test("what a page lacks is claimed to be nowhere, unless the page is from before it", () => {
  const plan = newsOf(pageOf({ entries: [asServed(first)] }));
  assert.deepEqual(plan.lost, [second, third]);
  const words = claimed(plan);
  assert.deepEqual(
    [words.get(first.id), words.get(second.id), words.get(third.id)],
    [
      [11, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ],
  );
  const early = pageOf({ entries: [asServed(first)], head: { ...head, number: 12 } });
  assert.equal(planPage({ group, page: early }).kind, "stale");
});

test("what one node alone has told is asked about with all that comes after it", () => {
  const doubtful = new Map(known.map((entry) => [entry.id, entry]));
  doubtful.set(third.id, { ...third, isProvisional: true });
  const view = viewOfGroup({ ...group.view, entries: doubtful });
  const plan = newsOf(pageOf({ entries: [...known.map(asServed), fresh] }), { ...group, view });
  assert.deepEqual([...claimed(plan).keys()].sort(), [second.id, third.id, fresh.id].sort());
});

test("a page that no chain has is none", () => {
  const late = { ...fresh, block: { ...head, number: 21 } };
  const twin = { ...fresh, id: asId<Entry["id"]>(randomBytes(32)), logIndex: 1 };
  const pages = [
    pageOf({ entries: [...known.map(asServed), late] }),
    pageOf({ entries: [fresh, asServed(first)] }),
    pageOf({
      entries: [...known.map(asServed), fresh, { ...twin, block: { ...fresh.block, hash: "0x02" } }],
    }),
    pageOf({ entries: [...known.map(asServed), fresh], head: undefined }),
  ];
  for (const page of pages) assert.throws(() => planPage({ group, page }), { code: "malformed" });
});

test("whom one node alone has taken in is not sealed to, and whom it has taken out not any more", () => {
  const someone = {
    inbox: asId<InboxId>(randomBytes(32)),
    installation: asId<InstallationKey>(randomBytes(32)),
  };
  const headAfter = (
    changes: { adds?: [typeof someone]; removes?: [typeof someone] },
    isProvisional = true,
  ) => {
    assert.ok(third.verdict.kind === "adopted");
    const last = { ...third, verdict: { ...third.verdict, ...changes } };
    const entries = new Map(known.map((entry) => [entry.id, entry]));
    entries.set(third.id, isProvisional ? { ...last, isProvisional: true } : last);
    return stepToSealTo(viewOfGroup({ ...group.view, entries }))?.head;
  };
  assert.equal(headAfter({ adds: [someone] }, false), third.id);
  assert.equal(headAfter({ adds: [someone] }), second.id);
  assert.equal(headAfter({ removes: [someone] }), third.id);
  assert.equal(headAfter({ adds: [someone], removes: [someone] }), undefined);
});
