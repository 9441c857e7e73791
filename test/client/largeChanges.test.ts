import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addMembers,
  createGroup,
  groupStatus,
  listIntents,
  renameGroup,
  sendMessage,
  setOnline,
  setRole,
} from "../../src/index.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { registerCrowd } from "../support/registerCrowd.ts";
import { startTestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" } as const;

test("a large addition survives others' commits in its middle, and ends once, by name", async () => {
  await using network = await startTestNetwork({ nodes: 2 });
  const crowd = await registerCrowd({ network, size: 240, without: [7] });
  await using alice = await openTestClient({ network, name: "alice" });
  await using bob = await openTestClient({ network, name: "bob" });
  const { group, intent } = await createGroup({ ...alice, name: "g", members: [bob.client.inbox] });
  assert.deepEqual(await intent.settled, delivered);
  const raised = await setRole({ ...alice, group, member: bob.client.inbox, role: "admin" });
  assert.deepEqual(await raised.settled, delivered);
  await until("bob in", () => isMember(bob, group));
  const addition = await addMembers({ ...alice, group, members: crowd });
  const progress = async () =>
    (await listIntents(alice)).find(({ id }) => id === addition.id)?.members ?? { total: 0, remaining: [] };
  await until("the first part landed", async () => {
    const { total, remaining } = await progress();
    return total === 240 && remaining.length === 40;
  });
  await setOnline({ ...alice, online: false });
  const last = crowd.slice(-1);
  assert.deepEqual(await (await renameGroup({ ...bob, group, name: "h" })).settled, delivered);
  assert.deepEqual(await (await addMembers({ ...bob, group, members: last })).settled, delivered);
  await setOnline({ ...alice, online: true });
  assert.deepEqual(await addition.settled, { kind: "failed", reason: "no-key-package" });
  assert.deepEqual(await progress(), { total: 240, remaining: crowd.slice(7, 8) });
  const said = await sendMessage({ ...alice, group, text: "welcome, all" });
  assert.deepEqual(await said.settled, delivered);
  await until("bob reads it", async () => (await texts(bob, group)).includes("welcome, all"));
  const [mine, theirs] = [await groupStatus({ ...alice, group }), await groupStatus({ ...bob, group })];
  assert.deepEqual([mine.members.length, mine.name, mine.epoch], [241, "h", 6]);
  assert.deepEqual([theirs.head, theirs.members], [mine.head, mine.members]);
});
