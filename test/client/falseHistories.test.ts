import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { privateKeyToAccount } from "viem/accounts";
import { signAddInstallation, signRevokeInstallation } from "../../src/chain/sign/signIdentity.ts";
import { rankLookUpNodes } from "../../src/client/asking/lookUpNodes.ts";
import { coreOf } from "../../src/client/client.ts";
import { createInstallation } from "../../src/identity/createInstallation.ts";
import {
  addMembers,
  createGroup,
  groupStatus,
  listIntents,
  listMembers,
  preferNode,
  renameGroup,
  revokeInstallation,
  sendMessage,
  setOnline,
} from "../../src/index.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import { EMPTY_WORD, type IdentityStep } from "../../src/wire/identityStep.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { signInstallationProof } from "../../src/wire/installationProof.ts";
import { lyingHistories } from "../support/lyingHistories.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { say } from "../support/say.ts";
import { type LyingNode, startLyingNode } from "../support/startLyingNode.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

let network: TestNetwork;
let lyingNodes: LyingNode[];

before(async () => {
  network = await startTestNetwork({ nodes: 3 });
  lyingNodes = await Promise.all(network.nodes.map((node) => startLyingNode({ node })));
});
after(async () => {
  for (const node of lyingNodes) await node[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
});

/** Alice, who made a group with bob, asks one node about inboxes and the group; bob is served by the honest ones. */
async function openPair(stack: AsyncDisposableStack) {
  const bob = stack.use(await openTestClient({ network, name: "bob" }));
  const alice = stack.use(
    await openTestClient({ network: { chain: network.chain, nodes: lyingNodes }, name: "alice" }),
  );
  stack.defer(() => lyingNodes.forEach((node) => void node.lie(undefined)));
  const { client } = alice;
  const { group, intent } = await createGroup({ client, name: "histories", members: [bob.client.inbox] });
  assert.equal((await intent.acknowledged).kind, "delivered");
  await until("bob in the group", () => isMember(bob, group));
  const [first] = rankLookUpNodes(coreOf(client));
  const liar = lyingNodes.find(({ nodeId }) => nodeId === first?.node);
  assert(liar);
  await preferNode({ client, group, node: liar.nodeId });
  const lies: { node: string; isDecided: boolean; fact: string }[] = [];
  coreOf(client).events.listen((event) => {
    if (event.kind === "lied") lies.push(event);
  });
  return { alice, bob, group, liar, lies };
}

async function leavesOf(client: TestClient, group: GroupId): Promise<number> {
  return (await listMembers({ client: client.client, group })).reduce(
    (sum, one) => sum + one.installations,
    0,
  );
}

/** A step that bob's wallet has signed, and that is not on the chain. */
async function signedBy(bob: TestClient, kind: "add" | "revoke") {
  const { network: chain } = network.chain;
  const wallet = privateKeyToAccount(bob.privateKey);
  const { inbox } = bob.client;
  if (kind === "revoke") {
    const { installation } = bob.client;
    const revocation = await signRevokeInstallation({ network: chain, inbox, installation, wallet });
    return (place: BlockRef): IdentityStep => ({ ...revocation, block: place.number, time: place.time });
  }
  const { key: installation, privateKey } = createInstallation();
  const installationSignature = signInstallationProof({ network: chain, inbox, privateKey });
  const signer = { wallet, nonce: 1n };
  const { wallet: consent } = await signAddInstallation({
    ...{ network: chain, inbox, installation, installationSignature, signer },
  });
  return (place: BlockRef): IdentityStep => ({
    ...{ kind: "add-installation", installation, installationSignature, consent, wallet: consent.signer },
    ...{ block: place.number, time: place.time },
  });
}

for (const kind of ["add", "revoke"] as const) {
  test(`a step (${kind}) that a wallet has signed and that is not on the chain adds, removes and fences nothing`, async () => {
    await using stack = new AsyncDisposableStack();
    const { alice, bob, group, liar, lies } = await openPair(stack);
    await say(bob, group, "before the lie");
    await until("bob's words at alice's", async () => (await texts(alice, group)).length === 1);
    const step = await signedBy(bob, kind);
    const { inbox } = bob.client;
    liar.lie(lyingHistories({ inbox, change: (steps, head) => [...steps, step(head)] }));
    await until("the lie told", () => lies.some(({ node, isDecided }) => node === liar.nodeId && isDecided));
    assert(lies.every(({ fact }) => fact.includes(inbox)));
    await say(bob, group, "after the lie");
    await until("bob's words at alice's", async () => (await texts(alice, group)).length === 2);
    assert.equal(await leavesOf(alice, group), 2);
    const { installations = [] } = coreOf(alice.client).inboxes.get(inbox)?.inbox ?? {};
    assert.deepEqual(
      installations.map(({ installation, revokedBlock }) => [installation, revokedBlock]),
      [[bob.client.installation, undefined]],
    );
    assert.deepEqual(await listIntents({ client: alice.client, open: true }), []);
  });
}

test("a revocation that one node keeps from a client takes effect there all the same", async () => {
  await using stack = new AsyncDisposableStack();
  const { alice, bob, group, liar } = await openPair(stack);
  const second = stack.use(await openTestClient({ network, name: "bob2", privateKey: bob.privateKey }));
  await until("both devices in the group", async () => (await leavesOf(alice, group)) === 3);
  const { inbox } = bob.client;
  liar.lie(
    lyingHistories({ inbox, change: (steps) => steps.filter((step) => step.kind !== "revoke-installation") }),
  );
  const revoking = await revokeInstallation({
    client: bob.client,
    installation: second.client.installation,
  });
  assert.deepEqual(await revoking.settled, { kind: "delivered" });
  const { installation } = second.client;
  await until("alice knows", () => {
    const known = coreOf(alice.client).inboxes.get(inbox)?.inbox?.installations ?? [];
    return known.some((one) => one.installation === installation && one.revokedBlock !== undefined);
  });
  await until("it is out", async () => (await leavesOf(alice, group)) === 2);
});

test("what nobody else confirms adds nobody, while messages go on; the first witness lets the addition go on", async () => {
  await using stack = new AsyncDisposableStack();
  const { alice, bob, group } = await openPair(stack);
  const carol = stack.use(await openTestClient({ network, name: "carol" }));
  for (const node of lyingNodes) node.lie(() => ({ readWords: () => new Promise(() => undefined) }));
  const { client } = alice;
  const adding = await addMembers({ client, group, members: [carol.client.inbox] });
  await until("the addition waits for a witness", async () => {
    const open = await listIntents({ client, open: true });
    return open.some(({ id, waitsFor }) => id === adding.id && waitsFor === "witness");
  });
  const said = await sendMessage({ client, group, text: "meanwhile" });
  assert.equal((await said.settled).kind, "delivered");
  await until("alice's words at bob's", async () => (await texts(bob, group)).includes("meanwhile"));
  assert.equal(await leavesOf(alice, group), 2);
  for (const node of lyingNodes) node.lie(undefined);
  assert.deepEqual(await adding.settled, { kind: "delivered" });
  await until("carol in the group", () => isMember(carol, group));
});

test("what was adopted by a history that one node alone told is judged again once others are heard", async () => {
  await using stack = new AsyncDisposableStack();
  const deceived = { chain: network.chain, nodes: lyingNodes };
  const bob = stack.use(await openTestClient({ network, name: "bob" }));
  const { privateKey } = bob;
  const lost = stack.use(await openTestClient({ network: deceived, name: "lost", privateKey }));
  const alice = stack.use(await openTestClient({ network: deceived, name: "alice" }));
  stack.defer(() => lyingNodes.forEach((node) => void node.lie(undefined)));
  const { inbox } = bob.client;
  const { group } = await createGroup({ client: bob.client, name: "before", members: [alice.client.inbox] });
  await until("all in the group", () => isMember(alice, group) && isMember(lost, group));
  await setOnline({ client: bob.client, online: false });

  const { installation } = lost.client;
  const wallet = privateKeyToAccount(privateKey);
  const hidden = lyingHistories({
    inbox,
    change: (steps) => steps.filter((step) => step.kind !== "revoke-installation"),
  });
  const silent = () => new Promise<never>(() => undefined);
  for (const node of lyingNodes) node.lie((api) => ({ ...hidden(api), readWords: silent }));
  const revocation = await signRevokeInstallation({
    network: network.chain.network,
    ...{ inbox, installation, wallet },
  });
  const [honest] = network.nodes;
  assert.equal((await honest?.api.relayIdentity(revocation))?.kind, "submitted");
  await until("the revocation is on the chain", async () => {
    const { histories = [] } =
      (await honest?.api.getHistories({ inboxes: [{ inbox, count: 0, word: EMPTY_WORD }] })) ?? {};
    return histories.some(({ steps }) => steps.some(({ kind }) => kind === "revoke-installation"));
  });
  await renameGroup({ client: lost.client, group, name: "by a lost device" });
  const nameAt = async ({ client }: TestClient) => (await groupStatus({ client, group })).name;
  await until("alice believes it", async () => (await nameAt(alice)) === "by a lost device");

  for (const node of lyingNodes) node.lie(undefined);
  await until("alice takes it back", async () => (await nameAt(alice)) === "before");
  await setOnline({ client: bob.client, online: true });
  await until("the lost device is out", async () => {
    const leaves = await Promise.all([leavesOf(alice, group), leavesOf(bob, group)]);
    return leaves.every((count) => count === 2);
  });
  await say(bob, group, "we are one");
  await until("bob's words at alice's", async () => (await texts(alice, group)).includes("we are one"));
});
