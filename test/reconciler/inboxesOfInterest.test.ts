import assert from "node:assert/strict";
import { test } from "node:test";
import { inboxesOfInterest } from "../../src/reconciler/inboxes/inboxesOfInterest.ts";
import type { InboxId, InstallationKey } from "../../src/wire/ids.ts";
import { adopted, entry, viewWith, other as writer } from "../support/testBranch.ts";
import { testId } from "../support/testIntent.ts";

const [self, member, removed] = [testId<InboxId>(1), testId<InboxId>(2), testId<InboxId>(3)];
const REMOVAL = 3;

/** A group that somebody was taken out of. */
function view(status: "member" | "removed" = "member") {
  const removes = [{ inbox: removed, installation: testId<InstallationKey>(3) }];
  const removal = entry(REMOVAL, 2, { ...adopted(REMOVAL, writer), removes });
  const { record, branch } = viewWith({ status, entries: [removal], start: 2, head: REMOVAL });
  return { record: { ...record, members: [self, member] }, branch };
}

function read(confirmedAsOf: number | undefined, views = [view()]): InboxId[] {
  const known = new Map(confirmedAsOf === undefined ? [] : [[removed, { confirmedAsOf }]]);
  return inboxesOfInterest({ self, views, known });
}

test("whoever was removed is read about until that is confirmed up to the removal, whatever one node told", () => {
  const all = [self, member, removed].sort();
  assert.deepEqual(read(undefined), all);
  // One node alone has told, however late a block it told of.
  assert.deepEqual(read(-1), all);
  assert.deepEqual(read(REMOVAL - 1), all);
  assert.deepEqual(read(REMOVAL), [self, member].sort());
});

test("a group that this client is out of concerns it no more", () => {
  assert.deepEqual(read(undefined, [view("removed")]), [self]);
});
