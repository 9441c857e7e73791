import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { generateP256 } from "#crypto";
import { rankOwnNodes } from "../../src/client/asking/rankGroupNodes.ts";
import { coreOf } from "../../src/client/client.ts";
import { type ErrorCode, WeftError } from "../../src/errors.ts";
import {
  addMembers,
  createGroup,
  listInstallations,
  preferNode,
  removeMembers,
  revokeInstallation,
  sendMessage,
} from "../../src/index.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { signDelivered } from "../../src/wire/deliveredWord.ts";
import { asId, type EnvelopeHash, type GroupId, type NodeId } from "../../src/wire/ids.ts";
import type { Refusal } from "../../src/wire/relayOutcome.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { type Lies, type LyingNode, startLyingNode } from "../support/startLyingNode.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" } as const;
let network: TestNetwork;
let bob: TestClient;

before(async () => {
  network = await startTestNetwork({ nodes: 3 });
  bob = await openTestClient({ network, name: "bob" });
});

after(async () => {
  await bob[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
});

const refusal = (code: ErrorCode): Refusal => ({ kind: "refused", code, hint: "" });

for (const code of ["too-large", "bad-signature", "malformed", "not-a-member", "unknown-head"] as const) {
  test(`a node that refuses all as ${code} ends neither a message nor a removal`, async () => {
    let refused = 0;
    const lies: Lies = () => ({
      publish: async ({ envelopes }) => {
        refused++;
        return envelopes.map(() => refusal(code));
      },
      relayAppend: async () => {
        refused++;
        return refusal(code);
      },
    });
    await using opened = await openAlice();
    const { alice, group, liar } = opened;
    liar.lie(lies);
    await attempts(alice, group);
    assert.ok(refused >= 2, `it was asked ${refused} times`);
  });
}

test("what a node throws ends nothing, whatever it calls it", async () => {
  for (const code of ["too-large", "storage", "revoked", "wrong-chain", "unfunded"] as const) {
    const fail = async () => {
      throw new WeftError({ code, message: "a lie" });
    };
    await using opened = await openAlice();
    const { alice, group, liar } = opened;
    liar.lie(() => ({ publish: fail, relayAppend: fail, getHistories: fail, getKeyPackages: fail }));
    await attempts(alice, group);
  }
});

test("an installation is registered and revoked though one node refuses it", async () => {
  for (const code of ["bad-signature", "not-allowed", "unknown-record", "expired"] as const) {
    let refused = 0;
    const relayIdentity: NodeApi["relayIdentity"] = async () => {
      refused++;
      return refusal(code);
    };
    const liars = await Promise.all(network.nodes.map((node) => startLyingNode({ node })));
    await using stack = new AsyncDisposableStack();
    for (const one of liars) stack.use(one);
    // Whichever is asked first for a registration.
    let refuser: NodeId | undefined;
    for (const { nodeId, lie } of liars) {
      lie((api) => ({
        relayIdentity: async (action, call) => {
          refuser ??= nodeId;
          return await (refuser === nodeId ? relayIdentity(action) : api.relayIdentity(action, call));
        },
      }));
    }
    const nodes = liars.map(({ url }) => ({ url }));
    const behind = { chain: network.chain, nodes };
    const first = stack.use(await openTestClient({ network: behind, name: "first" }));
    const { privateKey } = first;
    const second = stack.use(await openTestClient({ network: behind, name: "second", privateKey }));
    assert.equal(second.client.inbox, first.client.inbox);
    // Whichever is asked first about this client's own.
    for (const one of liars) one.lie(undefined);
    const [ranked] = rankOwnNodes(coreOf(first.client));
    liars.find(({ nodeId }) => nodeId === ranked?.node)?.lie(() => ({ relayIdentity }));
    const { installation } = second.client;
    const intent = await revokeInstallation({ client: first.client, installation });
    assert.deepEqual(await intent.settled, delivered);
    assert.ok(refused >= 2, `it was asked ${refused} times`);
    const { installations } = await listInstallations({ client: first.client });
    const listed = installations.find((one) => one.installation === installation);
    assert.notEqual(listed?.revokedBlock, undefined);
  }
});

test("what two operators refuse is refused", async () => {
  const liars = await Promise.all(
    network.nodes.map((node) =>
      startLyingNode({ node, lies: () => ({ relayIdentity: async () => refusal("bad-signature") }) }),
    ),
  );
  await using stack = new AsyncDisposableStack();
  for (const one of liars) stack.use(one);
  // All of them: one that the client finds in the registry would register it.
  const behind = { chain: network.chain, nodes: liars.map(({ url }) => ({ url })) };
  const opening = openTestClient({ network: behind, name: "nobody" });
  await assert.rejects(opening, { code: "bad-signature" });
});

test("a message is delivered by a second node's signed word, by no other", async () => {
  const stranger = generateP256();
  const other = asId<EnvelopeHash>(new Uint8Array(32).fill(5));
  const words: Record<string, (node: NodeId, hashes: readonly EnvelopeHash[]) => Uint8Array> = {
    unsigned: () => new Uint8Array(),
    zeros: () => new Uint8Array(64),
    "a stranger's": (node, hashes) =>
      signDelivered({ network: network.chain.network, node, hashes, signingKey: stranger.privateKey }),
  };
  for (const [name, word] of Object.entries(words)) {
    await checkWord(name, (node) => () => ({
      vouch: async ({ hashes }) => ({ stored: hashes.map(() => true), signature: word(node, hashes) }),
    }));
  }
  await checkWord("of another envelope", () => (api) => ({
    vouch: async ({ hashes }, call) => {
      const { signature } = await api.vouch({ hashes: [other] }, call);
      return { stored: hashes.map(() => true), signature };
    },
  }));
  await checkWord("another envelope's receipt", () => (api) => ({
    vouch: async ({ hashes }) => ({ stored: hashes.map(() => false), signature: new Uint8Array() }),
    publish: async ({ envelopes }, call) => {
      const [own] = await api.publish({ envelopes }, call);
      return envelopes.map(() => own ?? refusal("internal"));
    },
  }));
});

/** The message stays acknowledged for as long as the others give such words. */
async function checkWord(name: string, lies: (node: NodeId) => Lies): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const [first, ...others] = await Promise.all(network.nodes.map((node) => startLyingNode({ node })));
  assert.ok(first);
  for (const one of [first, ...others]) stack.use(one);
  const behind = { chain: network.chain, nodes: [first, ...others].map(({ url }) => ({ url })) };
  const alice = stack.use(await openTestClient({ network: behind, name: "alice" }));
  const group = await groupOf(alice);
  await preferNode({ client: alice.client, group, node: first.nodeId });
  let asked = 0;
  for (const one of others) {
    one.lie((api) => {
      const said = lies(one.nodeId)(api);
      const vouch: NodeApi["vouch"] = (request, call) => {
        asked++;
        return (said.vouch ?? api.vouch)(request, call);
      };
      return { ...said, vouch };
    });
  }
  const said = await sendMessage({ client: alice.client, group, text: name });
  assert.deepEqual(await said.acknowledged, delivered, name);
  await until(`a word is asked for: ${name}`, () => asked >= 2);
  const { intents } = coreOf(alice.client).groups.get(group)?.view ?? { intents: [] };
  assert.equal(intents.length, 1, `${name} does not settle it`);
  for (const one of others) one.lie(undefined);
  assert.deepEqual(await said.settled, delivered, name);
}

type Opened = AsyncDisposable & { alice: TestClient; group: GroupId; liar: LyingNode };

/** Alice, whose group with bob is served by a node that may lie. */
async function openAlice(): Promise<Opened> {
  const stack = new AsyncDisposableStack();
  const [node, ...others] = network.nodes;
  assert.ok(node);
  const liar = stack.use(await startLyingNode({ node }));
  const nodes = [{ url: liar.url }, ...others.map(({ url }) => ({ url }))];
  const alice = stack.use(await openTestClient({ network: { chain: network.chain, nodes }, name: "alice" }));
  const group = await groupOf(alice, bob);
  await preferNode({ client: alice.client, group, node: liar.nodeId });
  return { alice, group, liar, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function attempts({ client }: TestClient, group: GroupId): Promise<void> {
  const said = await sendMessage({ client, group, text: "help" });
  assert.deepEqual(await said.settled, delivered);
  await until("bob reads it", async () => (await texts(bob, group)).includes("help"));
  const removal = await removeMembers({ client, group, members: [bob.client.inbox] });
  assert.deepEqual(await removal.settled, delivered);
  await until("bob is out", () => !isMember(bob, group));
}

async function groupOf(creator: TestClient, ...members: readonly TestClient[]): Promise<GroupId> {
  const { client } = creator;
  const { group, intent } = await createGroup({ client, name: "test", members: [] });
  assert.deepEqual(await intent.settled, delivered);
  if (members.length === 0) return group;
  const added = await addMembers({ client, group, members: members.map((one) => one.client.inbox) });
  assert.deepEqual(await added.settled, delivered);
  for (const member of members) await until("a member in the group", () => isMember(member, group));
  return group;
}
