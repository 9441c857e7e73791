import assert from "node:assert/strict";
import { test } from "node:test";
import { assignFeeds } from "../../src/client/links/assignFeeds.ts";
import { splitCalls } from "../../src/client/links/splitCalls.ts";
import { createTurns } from "../../src/client/timing/turns.ts";
import { onAbort } from "../../src/clock/onAbort.ts";
import { createGroup, syncStatus } from "../../src/index.ts";
import { asId, type GroupId } from "../../src/wire/ids.ts";
import { addGroups } from "../support/addGroups.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { say } from "../support/say.ts";
import { startTestNetwork } from "../support/startTestNetwork.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

/** More than one feed takes, and than a client does all at once for. */
const GROUPS = 1_100;
/** A second on an idle machine. */
const READ_MS = 150_000;

test("a client with more groups than one feed takes reads all of them, and goes on as any other", async () => {
  await using network = await startTestNetwork({ nodes: 1 });
  await using directory = await temporaryDirectory();
  const place = { network, directory: directory.path };
  await using bob = await openTestClient({ network, name: "bob" });
  const before = await openTestClient({ ...place, name: "alice" });
  const { inbox } = before.client;
  const { group: old } = await createGroup({ ...before, name: "old", members: [bob.client.inbox] });
  await until("bob in it", () => isMember(bob, old));
  await before[Symbol.asyncDispose]();
  await addGroups({
    ...place,
    ...{ directory: directory.path, inbox, network: network.chain.network, count: GROUPS },
  });
  await say(bob, old, "while you were away");
  await using alice = await openTestClient({ ...place, name: "alice", privateKey: before.privateKey });
  await until("it is read", async () => (await texts(alice, old)).includes("while you were away"), READ_MS);
  await say(alice, old, "back");
  await until("it is answered", async () => (await texts(bob, old)).includes("back"), READ_MS);
  const { group } = await createGroup({ ...alice, name: "new", members: [bob.client.inbox] });
  await until("bob in the new one", () => isMember(bob, group), READ_MS);
  const isAllRead = async () => {
    const { groups } = await syncStatus(alice);
    return (
      groups.length === GROUPS + 2 && groups.every(({ node, unreadFor }) => node !== undefined && !unreadFor)
    );
  };
  await until("all are read", isAllRead, READ_MS);
});

const groupAt = (at: number) =>
  asId<GroupId>(Uint8Array.from({ length: 32 }, (_, i) => (at >> (8 * i)) & 255));
const sizes = { most: 4, small: 2 };

test("one group more begins one small feed anew, and one less the feed that it was in", () => {
  const groups = Array.from({ length: 10 }, (_, at) => groupAt(at));
  const plan = { groups, mirrored: [], own: true };
  const keyOf = (group: GroupId) => group;
  const { started } = assignFeeds({ plan, feeds: [], keyOf, sizes });
  assert.deepEqual(
    started.map(({ keys }) => keys.size),
    [4, 4, 3],
  );
  assert.deepEqual(
    started.map(({ plan: { own } }) => own),
    [true, false, false],
  );
  const same = assignFeeds({ plan, feeds: started, keyOf, sizes });
  assert.deepEqual(same, { ended: [], started: [] });
  const more = assignFeeds({
    plan: { ...plan, groups: [...groups, groupAt(10)] },
    feeds: started,
    keyOf,
    sizes,
  });
  assert.deepEqual(
    [more.ended.length, more.started.map(({ plan: one }) => one.groups)],
    [0, [[groupAt(10)]]],
  );
  const feeds = [...started, ...more.started];
  const again = assignFeeds({
    plan: { ...plan, groups: [...groups, groupAt(10), groupAt(11)] },
    feeds,
    keyOf,
    sizes,
  });
  assert.deepEqual(again.ended, more.started);
  assert.deepEqual(
    again.started.map(({ plan: one }) => one.groups.length),
    [2],
  );
  const less = assignFeeds({ plan: { ...plan, groups: groups.slice(1) }, feeds: started, keyOf, sizes });
  assert.deepEqual(less.ended, started.slice(0, 1));
  assert.deepEqual(
    less.started.map(({ keys }) => keys.size),
    [3],
  );
  const anew = assignFeeds({
    plan,
    feeds: started,
    keyOf: (group) => (group === groupAt(9) ? "anew" : group),
    sizes,
  });
  assert.deepEqual(anew.ended, started.slice(2));
});

test("calls are split by count and by bytes, and what is too large for any goes alone", () => {
  const split = (items: number[]) => splitCalls({ items, most: 3, mostBytes: 10, bytesOf: (bytes) => bytes });
  assert.deepEqual(split([]), []);
  assert.deepEqual(split([1, 1, 1, 1]), [[1, 1, 1], [1]]);
  assert.deepEqual(split([6, 4, 1]), [[6, 4], [1]]);
  assert.deepEqual(split([1, 99, 1]), [[1], [99], [1]]);
});

test("so many tasks run at one time, and one that fails makes room for the next", async () => {
  const { run } = createTurns(2);
  let running = 0;
  let most = 0;
  const task = (fails: boolean) => async () => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    if (fails) throw new Error("failed");
  };
  const tasks = Array.from({ length: 10 }, (_, i) => run(task(i % 3 === 0)));
  await Promise.allSettled(tasks);
  assert.deepEqual([running, most], [0, 2]);
  await run(task(false));
});

test("waiting on a signal that 100,000 wait on costs no more than on any", () => {
  const ending = new AbortController();
  let ended = 0;
  const forgets = Array.from({ length: 100_000 }, () => onAbort(ending.signal, () => void ended++));
  for (const forget of forgets.slice(1)) forget();
  ending.abort();
  assert.equal(ended, 1);
});
