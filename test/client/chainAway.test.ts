import assert from "node:assert/strict";
import { test } from "node:test";
import { groupStatus, renameGroup, sendMessage } from "../../src/index.ts";
import { openTestGroup } from "../support/openTestGroup.ts";
import { assertSameTimelines } from "../support/sameTimelines.ts";
import { startTestChain } from "../support/startTestChain.ts";
import { startTestNode } from "../support/startTestNode.ts";
import { startTcpProxy } from "../support/tcpProxy.ts";
import { until } from "../support/until.ts";

test("nodes and clients go on when the chain's RPC was away", async () => {
  await using stack = new AsyncDisposableStack();
  const chain = stack.use(await startTestChain({ blockMs: 100 }));
  const proxy = stack.use(await startTcpProxy({ port: Number(new URL(chain.rpcUrl).port) }));
  const chosen = { rpcUrl: `http://127.0.0.1:${proxy.port}` };
  const nodes = [
    stack.use(await startTestNode({ chain, account: 1, chosen })),
    stack.use(await startTestNode({ chain, account: 2, chosen })),
  ];
  const network = { chain, nodes, [Symbol.asyncDispose]: async () => {} };
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);

  proxy.cut();
  const said = await sendMessage({ client: bob.client, group, text: "nobody reads the chain" });
  assert.deepEqual(await said.settled, { kind: "delivered" });
  const renamed = await renameGroup({ client: alice.client, group, name: "afterwards" });
  const overtaking = await sendMessage({ client: alice.client, group, text: "and still we talk" });
  assert.deepEqual(await overtaking.settled, { kind: "delivered" });
  assert.equal((await groupStatus({ client: alice.client, group })).name, "test");

  proxy.mend();
  assert.deepEqual(await renamed.settled, { kind: "delivered" });
  await until("all know the name", async () => {
    const states = await Promise.all(members.map(({ client }) => groupStatus({ client, group })));
    return states.every(({ name }) => name === "afterwards");
  });
  await assertSameTimelines({ group, members, messages: 2 });
});
