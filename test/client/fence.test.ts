import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { randomBytes } from "#crypto";
import { coreOf } from "../../src/client/client.ts";
import { callRpc } from "../../src/devnet/callRpc.ts";
import {
  countOutcomes,
  groupStatus,
  listMembers,
  listMessages,
  preferNode,
  removeMembers,
  revokeInstallation,
  rotateKeys,
  sendMessage,
  setOnline,
  syncStatus,
} from "../../src/index.ts";
import { serveRpc } from "../../src/rpc/serveRpc.ts";
import type { Batch } from "../../src/wire/batch.ts";
import { batchHeaderHash } from "../../src/wire/batchHeader.ts";
import type { BatchPlace } from "../../src/wire/batchPlace.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { type EntryId, type GroupId, type Hex, type MessageId, toHex } from "../../src/wire/ids.ts";
import { FENCE_BLOCKS } from "../../src/wire/limits.ts";
import { deletes, says } from "../support/contents.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember, openTestGroup } from "../support/openTestGroup.ts";
import { sealAt } from "../support/sealAt.ts";
import { startColluder } from "../support/startColluder.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";
import { wideLimits } from "../support/wideLimits.ts";

const delivered = { kind: "delivered" } as const;

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

function placeOf({ header, headerBytes }: Batch): BatchPlace {
  const { node, generation, shard, firstSequence: first } = header;
  return { log: { node, generation, shard }, first, headerHash: batchHeaderHash(headerBytes) };
}

/** Straight to a node, which knows that the head is an entry of the group and no more. */
async function post(envelope: Envelope): Promise<void> {
  const [node] = network.nodes;
  assert.ok(node);
  const [outcome] = await node.api.publish({ envelopes: [envelope] });
  assert.equal(outcome?.kind, "acknowledged");
}

async function statesOf({ client }: TestClient, group: GroupId): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const item of await listMessages({ client, group })) {
    if (item.kind === "message") counts[item.state] = (counts[item.state] ?? 0) + 1;
  }
  return counts;
}

/** Carries out what needs blocks on a chain that stands still: one block whenever a transaction waits. */
async function mineUntil<T>(wanted: Promise<T>): Promise<T> {
  const { rpcUrl } = network.chain;
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  wanted.then(over, over);
  await until("what needs blocks", async () => {
    const { pending } = await callRpc<{ pending: Hex }>({ rpcUrl, method: "txpool_status" });
    if (!isOver && BigInt(pending) > 0n) await network.chain.mine(1);
    return isOver;
  });
  return await wanted;
}

async function newestBlock(): Promise<number> {
  const { rpcUrl } = network.chain;
  return Number(await callRpc<string>({ rpcUrl, method: "eth_blockNumber" }));
}

/**
 * A group whose bob is removed in block `fence`; from then on the chain goes on only when it is told to. `seal`: what
 * bob says in the epoch that he was in. Disposing lets the chain go on.
 */
async function removeBob(params: { names: readonly string[]; before?: (play: Play) => Promise<void> }) {
  const opened = await openTestGroup({ network, names: params.names });
  const { group } = opened;
  const [alice, bob, ...others] = opened.members;
  assert.ok(alice && bob);
  const head = (await groupStatus({ ...bob, group })).head as EntryId;
  const seal = (text: string) => sealAt({ by: bob, group, head, body: says(text) });
  const play = { group, alice, bob, others, head, seal };
  await params.before?.(play);
  await network.chain.pause();
  const removal = await removeMembers({ ...alice, group, members: [bob.client.inbox] });
  assert.deepEqual(await mineUntil(removal.settled), delivered);
  const entry = (await groupStatus({ ...alice, group })).head as EntryId;
  let fence = 0;
  // Alice may have heard of it by the other node first.
  await until("the first node knows the removal", async () => {
    fence = (await network.nodes[0]?.api.getEntry({ group, id: entry }))?.block ?? 0;
    return fence > 0;
  });
  const dispose = async (): Promise<void> => {
    network.chain.resume();
    await opened[Symbol.asyncDispose]();
  };
  return { ...play, fence, [Symbol.asyncDispose]: dispose };
}

type Play = {
  readonly group: GroupId;
  readonly alice: TestClient;
  readonly bob: TestClient;
  readonly others: readonly TestClient[];
  readonly head: EntryId;
  readonly seal: (text: string) => ReturnType<typeof sealAt>;
};

/** Waits until a client shows a group's messages in these numbers by state, and no others. */
async function shows(client: TestClient, group: GroupId, states: Record<string, number>): Promise<void> {
  let last: Record<string, number> = {};
  await until(`the states ${JSON.stringify(states)}`, async () => {
    last = await statesOf(client, group);
    return isDeepStrictEqual(last, states);
  }).catch((error: unknown) => {
    assert.deepEqual(last, states);
    throw error;
  });
}

async function passFence(fence: number): Promise<void> {
  await network.chain.mine(Math.max(1, fence + FENCE_BLOCKS + 1 - (await newestBlock())));
}

test("what a removed member said counts once it is covered, and what it seals afterwards is fenced for all", async () => {
  await using colluder = await startColluder({ network, account: 3 });
  let early: MessageId | undefined;
  await using play = await removeBob({
    names: ["alice", "bob", "carol"],
    before: async ({ bob, alice, others: [carol], group, seal }) => {
      assert.ok(carol);
      const said = await sendMessage({ ...bob, group, text: "while I was in" });
      assert.deepEqual(await said.settled, delivered);
      early = said.messageId;
      const byColluder = await seal("by a slow node");
      await colluder.take(byColluder.envelope, { anchorBlock: await newestBlock() });
      for (const one of [alice, carol]) await shows(one, group, { visible: 2 });
      await setOnline({ ...carol, online: false });
    },
  });
  const { group, alice, bob, others, seal, head, fence } = play;
  const [carol] = others;
  assert.ok(carol && early);
  // The author judges by the same rule, by the receipt that it got.
  await network.chain.mine(FENCE_BLOCKS / 2);
  await mineUntil(shows(alice, group, { visible: 1, pending: 1 }));
  await shows(bob, group, { visible: 1 });
  assert.deepEqual(
    new Set(await texts(alice, group)),
    new Set(["while I was in", "by a slow node"]),
    "what is pending is shown",
  );
  assert.equal((await countOutcomes({ ...alice, group })).pending, 1);
  assert.equal((await syncStatus(alice)).pendingVerdicts, 1);

  const undo = await sealAt({ by: bob, group, head, body: deletes(early) });
  const word = await seal("still here");
  for (const { envelope } of [undo, word]) await post(envelope);
  await shows(alice, group, { visible: 1, pending: 1, fenced: 1 });
  assert.equal((await countOutcomes({ ...alice, group })).fenced, 2);

  // Within the time that a colluding node has, it can backdate, and one receipt that qualifies is enough.
  const batch = await colluder.take(word.envelope, { anchorBlock: fence - 1 });
  await shows(alice, group, { visible: 1, pending: 2 });
  assert.ok((await mineUntil(colluder.checkpoint(batch))) <= fence + FENCE_BLOCKS);
  await shows(alice, group, { visible: 3 });
  await setOnline({ ...carol, online: true });
  await shows(carol, group, { visible: 3 });
  await passFence(fence);
  assert.equal((await syncStatus(alice)).pendingVerdicts, 0);
  const [a, c] = await Promise.all([alice, carol].map((one) => groupStatus({ ...one, group })));
  for (const [epoch, digest] of a?.digests ?? []) assert.equal(c?.digests.get(epoch), digest);
});

test("a node whose anchor stands still, and one that starts with an old anchor, are too late for the fence", async () => {
  await using still = await startColluder({ network, account: 4 });
  await using play = await removeBob({ names: ["alice", "bob"] });
  const { group, alice, fence, seal } = play;
  const { envelope: word } = await seal("in time for nobody");
  const batch = await still.take(word, { anchorBlock: fence - 1 });
  await shows(alice, group, { pending: 1 });
  await passFence(fence);
  await shows(alice, group, { fenced: 1 });
  assert.ok((await mineUntil(still.checkpoint(batch))) > fence + FENCE_BLOCKS);
  await using late = await mineUntil(startColluder({ network, account: 5 }));
  const begun = await late.take(word, { anchorBlock: 1 });
  await mineUntil(late.checkpoint(begun));
  const { envelope: another } = await seal("nor this");
  await late.take(another, { anchorBlock: fence - 1 });
  await shows(alice, group, { fenced: 2 });
  const coverage = await network.nodes[0]?.api.getCoverage({ batches: [placeOf(batch), placeOf(begun)] });
  assert.deepEqual(
    coverage?.batches.map(({ kind }) => kind),
    ["covered", "covered"],
  );
});

test("of an equivocator's two branches only the one that was checkpointed is before the fence", async () => {
  await using liar = await startColluder({ network, account: 6 });
  await using play = await removeBob({ names: ["alice", "bob"] });
  const { group, alice, fence, seal } = play;
  const anchor = { anchorBlock: fence - 1 };
  const shown = await seal("the branch that is covered");
  const hidden = await seal("the other branch");
  const batch = await liar.take(shown.envelope, anchor);
  await shows(alice, group, { pending: 1 });
  // Before anybody sees the fork: its node is out from then on.
  await mineUntil(liar.checkpoint(batch));
  await shows(alice, group, { visible: 1 });
  await liar.take(hidden.envelope, { ...anchor, firstSequence: 0n, previous: `0x${"00".repeat(32)}` });
  await shows(alice, group, { visible: 1, pending: 1 });
  await passFence(fence);
  await shows(alice, group, { visible: 1, fenced: 1 });
  assert.deepEqual(await texts(alice, group), ["the branch that is covered"]);
});

test("a reorganization that takes a checkpoint opens the verdict again, until another one covers", async () => {
  await using slow = await startColluder({ network, account: 7 });
  await using play = await removeBob({ names: ["alice", "bob"] });
  const { group, alice, fence, seal } = play;
  const said = await seal("covered twice");
  const batch = await slow.take(said.envelope, { anchorBlock: fence - 1 });
  await shows(alice, group, { pending: 1 });
  const before = await newestBlock();
  await mineUntil(slow.checkpoint(batch));
  await shows(alice, group, { visible: 1 });
  await network.chain.reorg({ depth: (await newestBlock()) - before });
  await shows(alice, group, { pending: 1 });
  await mineUntil(slow.checkpoint(batch));
  await shows(alice, group, { visible: 1 });
});

test("a node that claims coverage without a proof is not believed, and another one is asked", async () => {
  const [honest] = network.nodes;
  assert.ok(honest);
  let lies = 0;
  await using liar = await serveRpc({
    handlers: {
      ...honest.api,
      getCoverage: async ({ batches }) => {
        lies++;
        const { head } = await honest.api.listNodes({});
        const checkpoint = { sequence: 0n, headerHash: toHex(randomBytes(32)), block: 1 };
        return { batches: batches.map(() => ({ kind: "covered", checkpoint })), headers: [], head };
      },
    },
    pages: async () => undefined,
    ...{ host: "127.0.0.1", port: 0, onFault: () => undefined },
    limits: wideLimits,
  });
  await using still = await startColluder({ network, account: 8 });
  await using friend = await startColluder({ network, account: 9, httpAddress: liar.url });
  await using play = await removeBob({
    names: ["alice", "bob"],
    before: async ({ alice, group }) => {
      await until("the friend known", () => coreOf(alice.client).links.nodes.has(friend.node));
      await preferNode({ ...alice, group, node: friend.node });
    },
  });
  const { group, alice, fence, seal } = play;
  const { envelope } = await seal("my friend says that I was in time");
  await still.take(envelope, { anchorBlock: fence - 1 });
  await until("the liar asked", () => lies > 0);
  await passFence(fence);
  await shows(alice, group, { fenced: 1 });
});

test("a checkpoint that only one node tells of counts nothing, though its header leads to the batch", async () => {
  const [honest] = network.nodes;
  assert.ok(honest);
  let covered: { batch: Batch; block: number } | undefined;
  await using liar = await serveRpc({
    handlers: {
      ...honest.api,
      getCoverage: async (params, call) => {
        const page = await honest.api.getCoverage(params, call);
        if (!covered) return page;
        const { batch, block } = covered;
        const { headerHash } = placeOf(batch);
        const checkpoint = { sequence: batch.header.firstSequence, headerHash, block };
        const batches = params.batches.map((one, i) =>
          one.headerHash === headerHash
            ? ({ kind: "covered", checkpoint } as const)
            : (page.batches[i] ?? ({ kind: "uncovered" } as const)),
        );
        return { ...page, batches, headers: [...page.headers, batch.headerBytes] };
      },
      readWords: async (question, call) => {
        const answer = await honest.api.readWords(question, call);
        const hash = covered && placeOf(covered.batch).headerHash;
        const checkpoints = question.checkpoints.map((_, i) => hash ?? answer.words?.checkpoints[i]);
        return answer.words ? { ...answer, words: { ...answer.words, checkpoints } } : answer;
      },
    },
    pages: async () => undefined,
    ...{ host: "127.0.0.1", port: 0, onFault: () => undefined },
    limits: wideLimits,
  });
  await using still = await startColluder({ network, account: 10 });
  await using friend = await startColluder({ network, account: 11, httpAddress: liar.url });
  await using play = await removeBob({
    names: ["alice", "bob"],
    before: async ({ alice, group }) => {
      await until("the friend known", () => coreOf(alice.client).links.nodes.has(friend.node));
      await preferNode({ ...alice, group, node: friend.node });
    },
  });
  const { group, alice, fence, seal } = play;
  const lies: string[] = [];
  coreOf(alice.client).events.listen((event) => {
    if (event.kind === "lied" && event.isDecided) lies.push(event.node);
  });
  const { envelope } = await seal("my friend has seen my checkpoint");
  const batch = await still.take(envelope, { anchorBlock: fence - 1 });
  covered = { batch, block: fence };
  await until("the lie told", () => lies.includes(friend.node));
  await passFence(fence);
  await shows(alice, group, { fenced: 1 });
});

test("what a revoked device seals after its revocation is fenced for all", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  await using second = await openTestClient({ network, name: "alice/2", privateKey: alice.privateKey });
  await until("the second device in the group", () => isMember(second, group));
  await until("bob there", async () => (await listMembers({ ...bob, group }))[0]?.installations === 2);
  const good = await sendMessage({ ...second, group, text: "before" });
  assert.deepEqual(await good.settled, delivered);
  const head = (await groupStatus({ ...second, group })).head as EntryId;
  await setOnline({ ...second, online: false });
  const { installation } = second.client;
  const revocation = await revokeInstallation({ ...alice, installation });
  assert.deepEqual(await revocation.settled, delivered);
  const said = await sealAt({ by: second, group, head, body: says("after") });
  await post(said.envelope);
  for (const one of [alice, bob]) await shows(one, group, { visible: 1, fenced: 1 });
  assert.deepEqual(await texts(bob, group), ["before"]);
  const rotated = await rotateKeys({ ...alice, group });
  assert.deepEqual(await rotated.settled, delivered);
});
