import assert from "node:assert/strict";
import { test } from "node:test";
import { heardRecord, heardSince, isHearingOwed } from "../../src/reconciler/branch/unheard.ts";
import type { GroupRecord } from "../../src/reconciler/records/records.ts";
import type { InboxId } from "../../src/wire/ids.ts";
import {
  adopted,
  entry,
  id,
  self as installation,
  viewWith,
  other as writer,
} from "../support/testBranch.ts";
import { testId } from "../support/testIntent.ts";

const [self, bob, carol, newcomer] = [1, 2, 3, 4].map((digit) => testId<InboxId>(digit)) as [
  InboxId,
  InboxId,
  InboxId,
  InboxId,
];
const ADD = 3;
const add = entry(ADD, 2, {
  ...adopted(ADD, writer),
  adds: [{ inbox: newcomer, installation }],
});
const { record: before, branch } = viewWith({ status: "member", entries: [add], start: 2, head: ADD });

/** What a member knows once these were heard, one after the other; in the epoch of the Add, if not before it. */
function after(record: GroupRecord, heard: readonly { inbox: InboxId; confirms?: true; isEarlier?: true }[]) {
  return heard.reduce((now, { inbox, confirms, isEarlier }) => {
    const head = isEarlier ? id(2) : id(ADD);
    const isConfirmation = confirms === true;
    return heardRecord({ record: now, branch, inbox, head, self, isConfirmation }) ?? now;
  }, record);
}

function isOwed(record: GroupRecord, who = self): boolean {
  const heard = heardSince({ record, branch });
  return heard !== undefined && isHearingOwed(heard, who);
}

test("members are owed to newcomers until three inboxes were heard, in an epoch that the newcomers know", () => {
  assert.ok(isOwed(before));
  const [early, late] = [[{ inbox: bob, isEarlier: true }] as const, [{ inbox: bob }, { inbox: carol }]];
  assert.ok(isOwed(after(before, [...early, ...late])));
  assert.equal(isOwed(after(before, [...late, { inbox: newcomer }])), false);
  assert.equal(isOwed(after(before, [{ inbox: bob }]), bob), false, "nobody says twice that it is there");
});

test("a newcomer that says that it is there when that is not owed has heard nobody, and is answered, but not for ever", () => {
  let record = after(before, [{ inbox: bob }, { inbox: carol }, { inbox: newcomer }]);
  for (let own = 0; own < 3; own++) {
    record = after(record, [{ inbox: newcomer, confirms: true }]);
    assert.ok(isOwed(record));
    const heard = heardSince({ record, branch });
    assert.ok(heard);
    record = { ...record, heard: { ...heard, by: [...heard.by, self], own: own + 1 } };
    assert.equal(isOwed(record), false);
    record = after(record, [{ inbox: carol }]);
  }
  record = after(record, [{ inbox: newcomer, confirms: true }]);
  assert.equal(isOwed(record), false);
  const others = after(record, [{ inbox: bob, confirms: true }]);
  assert.equal(after(others, [{ inbox: bob, confirms: true }]), others, "who was there before asks nothing");
});
