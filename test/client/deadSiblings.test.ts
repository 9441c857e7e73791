import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "#crypto";
import { chainPosition } from "../../src/client/entries/chainPosition.ts";
import { receiveEntries } from "../../src/client/entries/receiveEntries.ts";
import { rollBackGroup } from "../../src/client/entries/rollBackGroup.ts";
import { loadGroups } from "../../src/client/group/loadGroups.ts";
import { isWeftError } from "../../src/errors.ts";
import type { Entry } from "../../src/wire/chainEntry.ts";
import { entryId } from "../../src/wire/entry.ts";
import { asAddress, type EntryId, type GroupId, type Hex } from "../../src/wire/ids.ts";
import { VOID_BLOCKS } from "../../src/wire/limits.ts";
import { addOfflineGroup, openOfflineClient, testEntryOf } from "../support/openOfflineClient.ts";
import { testId } from "../support/testIntent.ts";

const id = testId<GroupId>(0xf0);
const JUNK = 400;
const AT_ONCE = 50;
const FIRST_BLOCK = VOID_BLOCKS + 1_000;

function junkOf(parent: EntryId, count: number, before = 0): Entry[] {
  return Array.from({ length: count }, (_, i) => {
    const authority = asAddress(randomBytes(20));
    const fields = { group: id, parent, authority, payload: randomBytes(80) };
    const number = FIRST_BLOCK + Math.floor(i / AT_ONCE);
    const block = { number, hash: `0x${number.toString(16)}` as Hex, time: number };
    return { ...fields, id: entryId(fields), index: before + i, block, logIndex: i % AT_ONCE };
  });
}

test("junk below an entry under which nothing can be voided any more is counted, on disk too, and not kept", async () => {
  await using opened = await openOfflineClient();
  const { core } = opened;
  const group = await addOfflineGroup({ core, group: id, epochs: 5 });
  const parent = testEntryOf(id, 2);
  const junk = junkOf(parent, JUNK, 1);
  const kept = group.view.entries.size;
  const signal = AbortSignal.timeout(60_000);
  const reading = { inboxes: new Map() };
  const source = { core, group, signal, reading, api: {} } as unknown as Parameters<typeof receiveEntries>[0];
  const receive = (entries: readonly Entry[]) =>
    group.queue.run(() => receiveEntries({ ...source, entries }));
  await receive(junk);
  assert.equal(group.view.entries.size, kept);
  assert.equal(group.view.childCounts.get(parent), 1 + JUNK);
  const [newest] = (await chainPosition(core, id)).recent;
  const last = junk.at(-1);
  assert.deepEqual(newest && [newest.block, newest.logIndex], last && [last.block.number, last.logIndex]);

  await receive(junk.slice(-3));
  assert.equal(group.view.childCounts.get(parent), 1 + JUNK, "what comes again is not counted again");
  const hides = junkOf(parent, 1, JUNK + 5).map((one) => ({
    ...one,
    block: { ...one.block, number: one.block.number + 100, hash: "0xff" as Hex },
  }));
  await assert.rejects(receive(hides), (error) => isWeftError(error, "malformed"));
  const hanging = junkOf(junk[0]?.id ?? parent, 1).map((one) => ({
    ...one,
    block: last?.block ?? one.block,
    logIndex: 90,
  }));
  await receive(hanging);
  assert.equal(group.view.entries.size, kept, "nor is what hangs on one of them");

  const [loaded] = (await loadGroups(core.database)).groups;
  assert.deepEqual([...(loaded?.view.childCounts ?? [])].sort(), [...group.view.childCounts].sort());
  const from = { block: { number: FIRST_BLOCK + 4 }, logIndex: 0 };
  await group.queue.run(() => rollBackGroup({ core, group, voids: () => false, from }));
  assert.equal(
    group.view.childCounts.get(parent),
    1 + 4 * AT_ONCE,
    "a rollback takes what is gone, and no more",
  );
  await receive(junk.slice(4 * AT_ONCE));
  assert.equal(group.view.childCounts.get(parent), 1 + JUNK);
  assert.equal(group.view.record.head, testEntryOf(id, 5), "the head stays where it is");
});
