import assert from "node:assert/strict";
import { test } from "node:test";
import { branchOf } from "../../src/client/groups/branch.ts";
import { judgeWelcome } from "../../src/client/joining/judgeWelcome.ts";
import type { EntryRecord, GroupRecord, GroupStatus } from "../../src/client/tables.ts";
import {
  asAddress,
  asId,
  type EntryId,
  type GroupId,
  type InboxId,
  type InstallationKey,
} from "../../src/wire/ids.ts";

const bytes = (fill: number) => new Uint8Array(32).fill(fill);
const group = asId<GroupId>(bytes(255));
const inbox = asId<InboxId>(bytes(254));
const [self, other] = [asId<InstallationKey>(bytes(1)), asId<InstallationKey>(bytes(2))];
const id = (at: number) => asId<EntryId>(bytes(at));

/** Entry `at` stands in block `at`. */
function entry(at: number, parent: number, verdict: EntryRecord["verdict"]): EntryRecord {
  return {
    ...{ id: id(at), parent: parent === 0 ? group : id(parent), index: 0, logIndex: 0, verdict },
    authority: asAddress(new Uint8Array(20)),
    block: { number: at, hash: "0x", time: at },
  };
}

const before = (epoch: number) => ({ kind: "before-start", epoch }) as const;
const dead = { kind: "dead" } as const;
const adopted = (epoch: number, installation: InstallationKey) =>
  ({ kind: "adopted", epoch, writer: { inbox, installation }, adds: [], removes: [] }) as const;

/** In by entry 2, which stands on 1. */
function viewWith(params: {
  status: GroupStatus;
  entries: readonly EntryRecord[];
  head?: number;
  epoch?: number;
  isFormer?: boolean;
}) {
  const { status, head = 2, epoch = head, isFormer } = params;
  const entries = new Map(params.entries.map((one) => [one.id, one]));
  const record: GroupRecord = {
    ...{ group, genesisKey: undefined, status, reason: undefined, name: "", members: [], createdAtMs: 0 },
    ...{ head: id(head), epoch, start: { head: id(2), epoch: 2 }, isFormer },
  };
  return { record, entries, branch: branchOf({ record, entries }) };
}

const lineage = [entry(1, 0, before(1)), entry(2, 1, before(2))];

test("a Welcome to the entry that one came in by is over, in the group and out of it", () => {
  for (const status of ["joining", "member", "removed", "cut-off"] as const) {
    const view = viewWith({ status, entries: lineage });
    assert.equal(judgeWelcome({ view, entry: id(2), self, hasEntered: true }), "over", status);
  }
});

test("who is out enters by what is behind its head or not read yet, never by what lies before", () => {
  for (const status of ["removed", "cut-off"] as const) {
    const entries = [
      ...lineage,
      entry(3, 2, adopted(3, other)),
      entry(4, 3, adopted(4, other)),
      entry(5, 4, dead),
    ];
    const view = viewWith({ status, entries, head: 3 });
    const verdicts = [1, 2, 3, 4, 5, 6].map((at) =>
      judgeWelcome({ view, entry: id(at), self, hasEntered: false }),
    );
    assert.deepEqual(verdicts, ["over", "over", "over", "enter", "enter", "enter"], status);
  }
});

test("a member who is alone on its entry enters a later one on another branch, and none else", () => {
  const entries = [...lineage, entry(3, 1, dead), entry(4, 2, adopted(3, self)), entry(5, 3, dead)];
  const view = viewWith({ status: "member", entries, head: 4, epoch: 3 });
  const verdicts = [1, 3, 4, 5, 6].map((at) =>
    judgeWelcome({ view, entry: id(at), self, hasEntered: false }),
  );
  assert.deepEqual(verdicts, ["wait", "enter", "over", "enter", "wait"]);
  const followed = entries.map((one) => (one.id === id(4) ? entry(4, 2, adopted(3, other)) : one));
  const inCompany = viewWith({ status: "member", entries: followed, head: 4, epoch: 3 });
  assert.equal(judgeWelcome({ view: inCompany, entry: id(5), self, hasEntered: false }), "wait");
});

test("who waits for a vanished entry enters by one that is there", () => {
  const view = viewWith({ status: "joining", entries: [entry(1, 0, before(1)), entry(3, 1, dead)] });
  assert.deepEqual(
    [3, 4].map((at) => judgeWelcome({ view, entry: id(at), self, hasEntered: false })),
    ["enter", "wait"],
  );
});

test("a replaced installation enters by whatever takes the new one in", () => {
  const view = viewWith({ status: "member", entries: lineage, isFormer: true });
  assert.equal(judgeWelcome({ view, entry: id(2), self, hasEntered: false }), "enter");
});
