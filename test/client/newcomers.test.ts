import assert from "node:assert/strict";
import { test } from "node:test";
import { addMembers, createGroup, type WorkProgress } from "../../src/index.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { startTestChain } from "../support/startTestChain.ts";
import { startTestNode } from "../support/startTestNode.ts";

test("somebody new works for an inbox and for a first group, without doing anything for it, and never again", async () => {
  await using chain = await startTestChain({ blockMs: 50 });
  await using node = await startTestNode({
    chain,
    account: 1,
    chosen: { relayPolicy: "work", workFrom: "1" },
  });
  const network = { chain, nodes: [node] };
  const told: WorkProgress[] = [];
  const onWork = (progress: WorkProgress) => void told.push(progress);
  const worked = (): boolean => told.splice(0).some(({ solved, of }) => solved === of);
  await using alice = await openTestClient({ network, name: "alice", onWork });
  assert.ok(worked(), "for the inbox");
  await using bob = await openTestClient({ network, name: "bob" });
  const { group, intent } = await createGroup({ client: alice.client, name: "first", members: [] });
  assert.equal((await intent.settled).kind, "delivered");
  assert.ok(worked(), "for the group");
  const added = await addMembers({ client: alice.client, group, members: [bob.client.inbox] });
  assert.equal((await added.settled).kind, "delivered");
  assert.ok(!worked(), "the group is there");
});
