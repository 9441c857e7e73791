import assert from "node:assert/strict";
import { test } from "node:test";
import { HANGING } from "../../src/reconciler/branch/deadRuns.ts";
import type {
  EntryRecord,
  GroupRecord,
  GroupStatus,
  Vanished,
} from "../../src/reconciler/records/records.ts";
import { decisiveChild } from "../../src/reconciler/view/decisiveChild.ts";
import { isOver } from "../../src/reconciler/view/isOver.ts";
import { parentOfDead } from "../../src/reconciler/view/parentOfDead.ts";
import { emptyGroupView, viewOfGroup } from "../../src/reconciler/view/viewOfGroup.ts";
import { VOID_BLOCKS } from "../../src/wire/limits.ts";
import { adopted, dead, entry, group, id, lineage, other, viewWith } from "../support/testBranch.ts";

function viewOf(params: {
  entries: readonly EntryRecord[];
  status?: GroupStatus;
  fork?: Vanished | undefined;
}) {
  const { entries, status = "member", fork } = params;
  const record: GroupRecord = { ...viewWith({ status, entries }).record, fork };
  return viewOfGroup({
    ...emptyGroupView(record),
    record,
    entries: new Map(entries.map((one) => [one.id, one])),
  });
}

const finalityBlocks = 10;
/** Takes this client out, in block 3. */
const removal = entry(3, 2, adopted(3, other));
const end = 3 + VOID_BLOCKS + finalityBlocks;

function over(params: Parameters<typeof viewOf>[0] & { agreed: number }): boolean {
  const agreed = { number: params.agreed, hash: "0x", time: 0 } as const;
  return isOver({ group: { view: viewOf(params), agreed }, finalityBlocks });
}

test("a group is over once nothing can undo the removal any more, by the head that is agreed on", () => {
  const removed = { entries: [...lineage, removal], status: "removed" } as const;
  assert.equal(over({ ...removed, agreed: end }), true);
  assert.equal(over({ ...removed, agreed: end - 1 }), false);
  assert.equal(over({ ...removed, status: "member", agreed: 2 * end }), false);
  assert.equal(over({ ...removed, status: "cut-off", agreed: 2 * end }), false);
});

test("a removal of which one node alone tells ends nothing", () => {
  const entries = [...lineage, { ...removal, isProvisional: true as const }];
  assert.equal(over({ entries, status: "removed", agreed: 2 * end }), false);
});

test("without the entry on the chain the time counts from the reorganization that took it", () => {
  const fork: Vanished = { heads: [id(3)], members: [], block: 5, isGivenUp: false };
  const at = (agreed: number) => over({ entries: lineage, status: "removed", fork, agreed });
  assert.equal(at(5 + VOID_BLOCKS + finalityBlocks), true);
  assert.equal(at(5 + VOID_BLOCKS + finalityBlocks - 1), false);
  assert.equal(over({ entries: lineage, status: "removed", agreed: 0 }), true, "nothing is waited for");
});

test("of an entry's children the one decides that was adopted, or has cut this client off", () => {
  const others = [entry(4, 3, dead), entry(5, 3, { kind: "refused", reason: "malformed" })];
  const child = (...more: EntryRecord[]) => {
    const { children } = viewOf({ entries: [...lineage, removal, ...others, ...more] });
    return decisiveChild({ children, parent: removal.id })?.id;
  };
  assert.equal(child(), undefined);
  assert.equal(child(entry(6, 3, adopted(4, other))), id(6));
  assert.equal(child(entry(6, 3, { kind: "cut-off", reason: "does-not-open" })), id(6));
  assert.equal(child(entry(6, 2, adopted(4, other))), undefined, "a child of another entry");
});

test("a dead entry counts for its parent while that is kept, else for one that stands for all others", () => {
  const view = viewOf({ entries: lineage });
  assert.equal(parentOfDead(view, { parent: id(2) }), id(2));
  assert.equal(parentOfDead(view, { parent: group }), group, "the root is no entry, and always there");
  assert.equal(parentOfDead(view, { parent: id(9) }), HANGING);
});
