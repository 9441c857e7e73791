import assert from "node:assert/strict";
import { test } from "node:test";
import { compareEntries } from "../../src/reconciler/branch/compareEntries.ts";
import { recordOf } from "../../src/reconciler/branch/recordOf.ts";
import { standsOn } from "../../src/reconciler/branch/standsOn.ts";
import { strandedOf } from "../../src/reconciler/branch/stranded.ts";
import { isWidened, returningAfter, vanishedAfterRollback } from "../../src/reconciler/branch/vanished.ts";
import type { EntryRecord, Vanished } from "../../src/reconciler/records/records.ts";
import type { InboxId, InstallationKey } from "../../src/wire/ids.ts";
import { adopted, dead, entry, group, id, lineage, other, self, viewWith } from "../support/testBranch.ts";
import { testId } from "../support/testIntent.ts";

const inbox = testId<InboxId>(1);
const third = testId<InstallationKey>(3);

test("the chain's order is that of blocks, then of logs, by numbers", () => {
  const place = (number: number, logIndex: number) => ({ block: { number }, logIndex });
  const places = [place(10, 2), place(10, 10), place(9, 99)].sort(compareEntries);
  assert.deepEqual(places, [place(9, 99), place(10, 2), place(10, 10)]);
  assert.equal(compareEntries(place(1, 1), place(1, 1)), 0);
});

test("an entry stands on itself, on all before it and on nothing beside it", () => {
  const all = [...lineage, entry(3, 2, adopted(3, other)), entry(4, 2, dead)];
  const entries = new Map(all.map((one) => [one.id, one]));
  const stands = (head: EntryRecord["parent"], ancestor: EntryRecord["parent"]) =>
    standsOn({ entries, head, ancestor });
  assert.deepEqual(
    [id(3), id(2), id(1), group].map((ancestor) => stands(id(3), ancestor)),
    [true, true, true, true],
  );
  assert.equal(stands(id(3), id(4)), false);
  assert.equal(stands(id(2), id(3)), false, "the other way round");
  assert.equal(stands(id(9), id(1)), false, "nobody knows it");
});

test("of an entry all is kept but its payload, and a mark only where there is one", () => {
  const { verdict, ...received } = entry(3, 2, dead);
  assert.deepEqual(Object.keys(recordOf(received, verdict)).includes("isProvisional"), false);
  const marked = { ...received, group, payload: Uint8Array.of(1), isProvisional: true as const };
  const record = recordOf(marked, dead);
  assert.equal(record.isProvisional, true);
  assert.equal("payload" in record || "group" in record, false);
  const restsOn = [{ inbox, installations: [] }];
  assert.deepEqual(recordOf({ ...received, restsOn }, dead).restsOn, restsOn);
});

function request(at: number, about: number, installation: InstallationKey, proof?: Uint8Array): EntryRecord {
  const instruction = { kind: "request", entry: id(about) } as never;
  return entry(at, about, { kind: "control", epoch: 3, writer: { inbox, installation }, instruction, proof });
}

/** Entry 3 is adopted, and about it others asked; what comes after it is `later`. */
function stranded(asked: readonly EntryRecord[], later: readonly EntryRecord[] = []) {
  const commits = [...lineage, entry(3, 2, adopted(3, other)), ...later];
  const head = Math.max(...commits.map(({ block }) => block.number));
  const { branch } = viewWith({ status: "member", entries: commits, head });
  return [...strandedOf({ branch, entries: new Map(asked.map((one) => [one.id, one])) }).keys()];
}

test("whoever asked about an adopted entry, with its signature, waits to be repaired", () => {
  const proof = Uint8Array.of(7);
  assert.deepEqual(stranded([request(20, 3, self, proof)]), [self]);
  assert.deepEqual(stranded([request(20, 3, self)]), [], "what can't be shown to later members");
  assert.deepEqual(stranded([request(20, 9, self, proof)]), [], "about an entry that is none of the branch");
  assert.deepEqual(stranded([request(20, 3, self, proof), request(21, 3, third, proof)]), [self, third]);
  assert.deepEqual(
    stranded([request(20, 2, self, proof)]),
    [self],
    "about the entry that brought this client in",
  );
  const { verdict, ...asked } = request(20, 3, self, proof);
  assert.ok(verdict.kind === "control");
  const evidence = { kind: "evidence", entry: id(3) } as never;
  assert.deepEqual(
    stranded([{ ...asked, verdict: { ...verdict, instruction: evidence } }]),
    [],
    "no request",
  );
});

test("a request is over when its leaf has gone or has committed since", () => {
  const asked = [request(20, 3, self, Uint8Array.of(7))];
  const removes = [{ inbox, installation: self }];
  assert.deepEqual(stranded(asked, [entry(4, 3, { ...adopted(4, other), removes })]), []);
  assert.deepEqual(stranded(asked, [entry(4, 3, adopted(4, self))]), [], "who commits follows");
  assert.deepEqual(stranded(asked, [entry(4, 3, adopted(4, third))]), [self]);
});

test("the author of the entry itself may have asked about it: only later commits count", () => {
  assert.deepEqual(stranded([request(20, 3, other, Uint8Array.of(7))]), [other]);
});

const step = (at: number) => ({ head: id(at), epoch: at, entry: undefined });
const [alice, bob] = [testId<InboxId>(11), testId<InboxId>(12)];

test("what a reorganization took is remembered lowest first, with the members of the highest", () => {
  const lost = vanishedAfterRollback({ record: { members: [alice] }, lost: [step(5), step(6)], block: 9 });
  assert.deepEqual(lost, { heads: [id(5), id(6)], members: [alice], block: 9, isGivenUp: false });
  const more = vanishedAfterRollback({ record: { members: [bob], fork: lost }, lost: [step(4)], block: 12 });
  assert.deepEqual(more, { heads: [id(4), id(5), id(6)], members: [alice], block: 12, isGivenUp: false });
  const same = { members: [bob], fork: lost };
  assert.equal(vanishedAfterRollback({ record: same, lost: [], block: 99 }), lost, "nothing was taken");
});

test("only the lowest one's return lets those after it return", () => {
  const fork: Vanished = { heads: [id(4), id(5), id(6)], members: [], block: 1, isGivenUp: false };
  assert.deepEqual(returningAfter({ fork, entry: id(4) }), new Set([id(5), id(6)]));
  assert.deepEqual(returningAfter({ fork, entry: id(5) }), new Set());
  assert.deepEqual(returningAfter({ fork: undefined, entry: id(4) }), new Set());
});

test("messages would reach too many while one is a member who was taken out in what may return", () => {
  const fork: Vanished = { heads: [id(4)], members: [alice], block: 1, isGivenUp: false };
  assert.equal(isWidened({ fork, members: [alice, bob] }), true);
  assert.equal(isWidened({ fork, members: [alice] }), false);
  assert.equal(isWidened({ fork: { ...fork, isGivenUp: true }, members: [alice, bob] }), false);
  assert.equal(isWidened({ members: [alice, bob] }), false);
});
