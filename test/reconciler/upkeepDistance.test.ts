import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "#crypto";
import { branchOf } from "../../src/reconciler/branch/branch.ts";
import { lastAddBlock } from "../../src/reconciler/branch/lastAddBlock.ts";
import { lastCommitBlock } from "../../src/reconciler/branch/lastCommitBlock.ts";
import { judgeCommit } from "../../src/reconciler/policy/judgeCommit.ts";
import { firstContext } from "../../src/reconciler/policy/nextContext.ts";
import type { Member } from "../../src/reconciler/policy/roleOf.ts";
import type { EntryRecord, HeadId } from "../../src/reconciler/records/records.ts";
import {
  asAddress,
  type EntryId,
  type GroupId,
  type InboxId,
  type InstallationKey,
} from "../../src/wire/ids.ts";
import { MAX_INSTALLATIONS_PER_INBOX, UPKEEP_DISTANCE_BLOCKS } from "../../src/wire/limits.ts";
import { testId } from "../support/testIntent.ts";

const group = testId<GroupId>(0xf0);
const alice: Member = { inbox: testId<InboxId>(1), installation: testId<InstallationKey>(1) };
const device = (i: number): Member => ({
  inbox: testId<InboxId>(2),
  installation: testId<InstallationKey>(0x200 + i),
});
const mallory = device(0);
const bob: Member = { inbox: testId<InboxId>(3), installation: testId<InstallationKey>(3) };

/** The branch that grows by what is permitted of these tries: each adds a device or rotates, in a block. */
function grow(
  tries: readonly { readonly block: number; readonly writer: Member; readonly adds: readonly Member[] }[],
) {
  const context = firstContext({ drawBytes: randomBytes, name: "", creator: alice.inbox });
  const entries = new Map<HeadId, EntryRecord>();
  let members: readonly Member[] = [alice, mallory, bob];
  let head: HeadId = group;
  const reasons: string[] = [];
  for (const [i, { block, writer, adds }] of tries.entries()) {
    const start = { head: group, epoch: 0 };
    const { steps } = branchOf({ record: { head, epoch: entries.size, start }, entries });
    const judgement = judgeCommit({
      ...{ context, members, writer, block, registryBlock: block, removes: [], after: undefined },
      ...{ revoked: new Set(), leavers: new Set(), stranded: new Set() },
      adds: adds.map((one) => ({ ...one, active: true })),
      lastCommitBlock: lastCommitBlock({ steps, inbox: writer.inbox }),
      lastAddBlock: lastAddBlock(steps),
    });
    reasons.push(judgement.kind === "refused" ? judgement.reason : judgement.kind);
    if (judgement.kind !== "permitted") continue;
    const id = testId<EntryId>(0x1000 + i);
    const verdict = { kind: "adopted", epoch: entries.size + 1, writer, adds, removes: [] } as const;
    const place = { index: 0, logIndex: i, block: { number: block, hash: "0x", time: 0 } as const };
    entries.set(id, { id, parent: head, authority: asAddress(`0x${"00".repeat(20)}`), verdict, ...place });
    members = [...members, ...adds];
    head = id;
  }
  return reasons;
}

const add = (i: number, block: number, writer = mallory) => ({ block, writer, adds: [device(i)] });
const rotation = (block: number, writer = mallory) => ({ block, writer, adds: [] });

test("of many devices that are added in one block, one on the other, the first comes in", () => {
  const reasons = grow(Array.from({ length: 31 }, (_, i) => add(i + 1, 1000)));
  assert.deepEqual(reasons, ["permitted", ...Array.from({ length: 30 }, () => "too-soon")]);
});

test("an Add does not make the distance begin anew for its writer, nor for anybody else", () => {
  assert.deepEqual(grow([add(1, 1000), rotation(1000), add(2, 1001), add(2, 1007, bob)]), [
    ...["permitted", "permitted", "too-soon", "too-soon"],
  ]);
  const far = 1000 + UPKEEP_DISTANCE_BLOCKS;
  assert.deepEqual(grow([add(1, 1000), add(2, far, bob), rotation(far + 1)]), [
    ...["permitted", "permitted", "permitted"],
  ]);
  assert.deepEqual(grow([add(1, 1000, alice), add(2, 1000, alice), add(3, 1000)]), [
    ...["permitted", "permitted", "too-soon"],
  ]);
  assert.deepEqual(grow([rotation(1000), add(1, 1007), add(1, 1008)]), [
    ...["permitted", "too-soon", "permitted"],
  ]);
});

test("with all the distance that is asked for an inbox has so many leaves and no more", () => {
  const tries = Array.from({ length: 40 }, (_, i) => add(i + 1, 1000 + i * UPKEEP_DISTANCE_BLOCKS));
  const permitted = grow(tries).filter((reason) => reason === "permitted");
  assert.equal(permitted.length, MAX_INSTALLATIONS_PER_INBOX - 1);
});
