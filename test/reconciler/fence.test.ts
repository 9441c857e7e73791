import assert from "node:assert/strict";
import { test } from "node:test";
import type { KnownInbox } from "../../src/identity/inbox.ts";
import type { Branch } from "../../src/reconciler/branch/branch.ts";
import { fenceBlock } from "../../src/reconciler/messages/fence.ts";
import type { EntryRecord } from "../../src/reconciler/records/records.ts";
import { asAddress, type EntryId, type InboxId, type InstallationKey } from "../../src/wire/ids.ts";
import { testId } from "../support/testIntent.ts";

const installation = testId<InboxId>(1) as string as InstallationKey;
const sender = { inbox: testId<InboxId>(1), installation };
const other = { inbox: testId<InboxId>(2), installation: testId<InboxId>(2) as string as InstallationKey };

const nobody = asAddress(new Uint8Array(20));

/** A branch whose commits take out those who are named, each in its block. */
function branchOf(commits: readonly { block: number; removes: readonly (typeof sender)[] }[]): Branch {
  const first = { head: testId<EntryId>(100), epoch: 1, entry: undefined };
  const steps = commits.map(({ block, removes }, i) => {
    const head = testId<EntryId>(101 + i);
    const verdict = { kind: "adopted", epoch: 2 + i, writer: other, adds: [], removes } as const;
    const entry: EntryRecord = {
      ...{ id: head, parent: testId<EntryId>(100 + i), index: 0, authority: nobody, logIndex: 0, verdict },
      block: { number: block, hash: "0x", time: block },
    };
    return { head, epoch: 2 + i, entry };
  });
  const all = [first, ...steps];
  return { steps: all, places: new Map(all.map(({ head }, place) => [head, place])) };
}

function inboxWith(revokedBlock: number | undefined): KnownInbox {
  return { inbox: sender.inbox, installations: [{ installation, addedBlock: 1, revokedBlock }] };
}

test("the fence is the first removal after the message's own epoch, or an earlier revocation", () => {
  const branch = branchOf([
    { block: 10, removes: [other] },
    { block: 20, removes: [sender] },
    { block: 30, removes: [] },
    { block: 40, removes: [sender, other] },
  ]);
  const at = (epoch: number, inbox?: KnownInbox) =>
    fenceBlock({ branch, head: testId<EntryId>(99 + epoch), sender, inbox });
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((epoch) => at(epoch)),
    [20, 20, 40, 40, undefined],
  );
  assert.equal(at(1, inboxWith(undefined)), 20);
  assert.equal(at(1, inboxWith(15)), 15);
  assert.equal(at(1, inboxWith(25)), 20);
  assert.equal(at(5, inboxWith(45)), 45);
  const unknown = fenceBlock({ branch, head: testId<EntryId>(7), sender, inbox: inboxWith(5) });
  assert.equal(unknown, undefined);
});
