import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createGroup, groupStatus, listGroups, listMessages, sendMessage } from "../../src/index.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

test("two clients converse", async () => {
  await using alice = await openTestClient({ network, name: "alice" });
  await using bob = await openTestClient({ network, name: "bob" });
  const { group, intent } = await createGroup({
    client: alice.client,
    name: "Plans",
    members: [bob.client.inbox],
  });
  assert.deepEqual(await intent.acknowledged, { kind: "delivered" });
  await until("bob in the group", () => listGroups(bob).some(({ membership }) => membership === "member"));
  const hello = await sendMessage({ client: alice.client, group, text: "hello" });
  assert.deepEqual(await hello.acknowledged, { kind: "delivered" });
  await until("hello at bob's", async () => (await texts(bob, group)).includes("hello"));
  const answer = await sendMessage({ client: bob.client, group, text: "hi alice" });
  assert.deepEqual(await answer.settled, { kind: "delivered" });
  await until("the answer at alice's", async () => (await texts(alice, group)).includes("hi alice"));
  const [mine, theirs] = await Promise.all([
    groupStatus({ ...alice, group }),
    groupStatus({ ...bob, group }),
  ]);
  assert.deepEqual(mine.epochs, theirs.epochs);
  assert.deepEqual(await texts(alice, group), await texts(bob, group));
  assert.equal((await listMessages({ ...bob, group })).length, 2);
});
