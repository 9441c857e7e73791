import assert from "node:assert/strict";
import { test } from "node:test";
import { privateKeyToAccount } from "viem/accounts";
import {
  addMembers,
  createGroup,
  groupStatus,
  listIntents,
  preferNode,
  sendMessage,
} from "../../src/index.ts";
import { asAddress, type InboxId } from "../../src/wire/ids.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { type Lies, startLyingNode } from "../support/startLyingNode.ts";
import { startTestNetwork } from "../support/startTestNetwork.ts";
import { until } from "../support/until.ts";

const walletOf = ({ privateKey }: TestClient) => asAddress(privateKeyToAccount(privateKey).address);

/** Says of one inbox's wallets that they are in another. */
function confusing(meant: InboxId, wrong: InboxId): Lies {
  return (api) => ({
    getWallet: async (params, call) => {
      const answer = await api.getWallet(params, call);
      return answer.inbox === meant ? { ...answer, inbox: wrong } : answer;
    },
    readWords: async (question, call) => {
      const answer = await api.readWords(question, call);
      const wallets = answer.words?.wallets.map((inbox) => (inbox === meant ? wrong : inbox)) ?? [];
      return answer.words ? { ...answer, words: { ...answer.words, wallets } } : answer;
    },
  });
}

test("a wallet is the inbox that two operators name, whichever node serves and whichever lies", async () => {
  await using network = await startTestNetwork({ nodes: 3 });
  await using bob = await openTestClient({ network, name: "bob" });
  await using mallory = await openTestClient({ network, name: "mallory" });
  const [first, ...others] = network.nodes;
  assert(first && others[0]);
  await using liar = await startLyingNode({ node: first });
  const nodes = [liar, ...others];
  await using alice = await openTestClient({ network: { chain: network.chain, nodes }, name: "alice" });
  const { client } = alice;
  // Who serves the group is not asked about wallets, unless the two others contradict each other.
  for (const serving of [liar.nodeId, others[0].nodeId]) {
    liar.lie(undefined);
    const { group, intent } = await createGroup({ client, name: "wallets", members: [] });
    await intent.settled;
    await preferNode({ client, group, node: serving });
    liar.lie(confusing(bob.client.inbox, mallory.client.inbox));
    const adding = await addMembers({ client, group, members: [walletOf(bob)] });
    assert.deepEqual(await adding.settled, { kind: "delivered" });
    const { members } = await groupStatus({ client, group });
    assert.deepEqual(new Set(members), new Set([client.inbox, bob.client.inbox]));
  }
});

test("two nodes of two operators that disagree add nobody; messages go on, and the app sees why", async () => {
  await using network = await startTestNetwork({ nodes: 2 });
  await using bob = await openTestClient({ network, name: "bob" });
  await using mallory = await openTestClient({ network, name: "mallory" });
  const [first, second] = network.nodes;
  assert(first && second);
  await using liar = await startLyingNode({ node: first });
  const nodes = [liar, second];
  await using alice = await openTestClient({ network: { chain: network.chain, nodes }, name: "alice" });
  const { client } = alice;
  const { group, intent } = await createGroup({ client, name: "wallets", members: [] });
  await intent.settled;
  liar.lie(confusing(bob.client.inbox, mallory.client.inbox));
  const adding = await addMembers({ client, group, members: [walletOf(bob)] });
  await until("the addition waits for a witness", async () => {
    const open = await listIntents({ client, open: true });
    return open.some(({ id, waitsFor }) => id === adding.id && waitsFor === "witness");
  });
  const said = await sendMessage({ client, group, text: "meanwhile" });
  assert.equal((await said.settled).kind, "delivered");
  assert.deepEqual((await groupStatus({ client, group })).members, [client.inbox]);
  liar.lie(undefined);
  assert.deepEqual(await adding.settled, { kind: "delivered" });
  const { members } = await groupStatus({ client, group });
  assert.deepEqual(new Set(members), new Set([client.inbox, bob.client.inbox]));
});
