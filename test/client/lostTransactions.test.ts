import assert from "node:assert/strict";
import { test } from "node:test";
import { keccak256 } from "viem";
import {
  createGroup,
  listInstallations,
  preferNode,
  renameGroup,
  revokeInstallation,
} from "../../src/index.ts";
import type { Hex } from "../../src/wire/ids.ts";
import { startRpcShim } from "../chain/rpcShim.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { startTestChain } from "../support/startTestChain.ts";
import { startTestNode } from "../support/startTestNode.ts";
import { until } from "../support/until.ts";

test("what a node says to have submitted and never lands goes by way of another: entries, registrations, revocations", async () => {
  await using stack = new AsyncDisposableStack();
  const chain = stack.use(await startTestChain({ blockMs: 100 }));
  let lost = 0;
  let loses = false;
  const shim = stack.use(
    await startRpcShim({
      rpcUrl: chain.rpcUrl,
      intercept: ({ method, params: [raw] }) => {
        if (!loses || method !== "eth_sendRawTransaction") return undefined;
        lost++;
        return { result: keccak256(raw as Hex) };
      },
    }),
  );
  const losing = stack.use(await startTestNode({ chain, account: 1, chosen: { rpcUrl: shim.rpcUrl } }));
  const other = stack.use(await startTestNode({ chain, account: 2 }));
  const network = { chain, nodes: [losing, other] };
  loses = true;
  // Registers by way of the nodes in turn.
  const alice = stack.use(await openTestClient({ network }));
  const { client } = alice;
  const { group, intent } = await createGroup({ client, name: "test", members: [] });
  await preferNode({ client, group, node: losing.nodeId });
  assert.equal((await intent.settled).kind, "delivered");
  const renamed = await renameGroup({ client, group, name: "by another node" });
  assert.equal((await renamed.settled).kind, "delivered");
  assert(lost > 0);

  const second = stack.use(await openTestClient({ network, privateKey: alice.privateKey }));
  const { installation } = second.client;
  await until(
    "the second one is listed",
    async () => (await listInstallations({ client })).installations.length === 2,
  );
  const revoking = await revokeInstallation({ client, installation });
  assert.equal((await revoking.settled).kind, "delivered");
});
