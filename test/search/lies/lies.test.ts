import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { addMembers, renameGroup, sendMessage } from "../../../src/index.ts";
import { MAX_BATCHES_PER_CALL } from "../../../src/rpc/limits.ts";
import type { NodeApi } from "../../../src/rpc/nodeApi.ts";
import { batchHeaderHash } from "../../../src/wire/batchHeader.ts";
import type { BatchPlace } from "../../../src/wire/batchPlace.ts";
import { EMPTY_WORD } from "../../../src/wire/identityStep.ts";
import { asId, type EnvelopeHash, type GroupId } from "../../../src/wire/ids.ts";
import { groupTopic } from "../../../src/wire/topic.ts";
import { openBases } from "../bases.ts";
import { writeJunk } from "../hostile.ts";
import { headOf } from "../memoryChain.ts";
import { seedRandomness } from "../seedRandomness.ts";
import { openSeats, openWorld, seatOf, type World } from "../world.ts";
import { storyOf } from "./deceit.ts";
import type { LieTopic } from "./lie.ts";
import { endLies, playLie } from "./playLie.ts";

/** What is drawn of each: `whom` of the steps. */
const draws: Readonly<Record<LieTopic, readonly number[]>> = {
  registry: [0, 1, 2, 3, 4],
  order: [0, 1],
  completeness: [0, 1, 2, 3, 7],
  existence: [0, 3, 6, 9, 1, 2],
  nodes: [0, 1, 2, 3, 4, 5],
  topics: [0, 1, 2, 3, 4, 5, 6, 7],
  answers: [0, 1, 2, 3, 4, 5],
};
/** Any node, towards all. */
const WHO = 3 + 4 * 23;

let world: World;
let group: GroupId;

test("every lie is told to whom it is meant for, the truth to others and afterwards", async () => {
  const snapshot = (await openBases("five"))[1];
  assert.ok(snapshot?.group);
  group = snapshot.group;
  using _ = seedRandomness(1);
  await using opened = await openWorld({ snapshot, seed: 1, faults: 0 });
  world = opened;
  await openSeats(world, [...world.seats.keys()]);
  await welcomeDave();
  const wrong: string[] = [];
  for (const [topic, numbers] of Object.entries(draws)) {
    for (const whom of numbers) {
      const fault = await tryLie(topic as LieTopic, whom);
      if (fault) wrong.push(`${topic} ${whom}: ${fault}`);
    }
  }
  assert.deepEqual(wrong, []);
});

/** Gives what is wrong with a lie. */
async function tryLie(about: LieTopic, whom: number): Promise<string | undefined> {
  const { deceit, time } = world;
  assert.ok(deceit);
  await time.settle(begin(about, whom), 60_000);
  const [lie] = deceit.lies;
  if (!lie) return "is not told";
  await act(whom);
  const isTold = await differs("alice");
  deceit.towards = "bob";
  const isToldToOthers = await differs("alice");
  await time.settle(endLies(world), 60_000);
  const goesOn = await differs("alice");
  await time.run(5_000);
  deceit.everLied.clear();
  if (!isTold) return `${lie.name}: changes no answer`;
  if (isToldToOthers) return `${lie.name}: is told to others`;
  return goesOn ? `${lie.name}: goes on` : undefined;
}

async function begin(about: LieTopic, whom: number): Promise<void> {
  await playLie({ world, group, about, step: { kind: `lie-${about}`, who: WHO, whom, pauseMs: 0 } });
}

/** So that there are Welcomes to be left out. */
async function welcomeDave(): Promise<void> {
  const { client } = seatOf(world, "alice");
  const dave = world.inboxes.get("dave");
  assert.ok(client && dave);
  await world.time.settle(addMembers({ client, group, members: [dave] }), 10_000);
  await world.time.run(10_000);
}

/** So many that some of them are left out. */
const RENAMES = 4;

/** A message, and entries with siblings. */
async function act(whom: number): Promise<void> {
  const { client } = seatOf(world, "alice");
  assert.ok(client);
  await world.time.settle(sendMessage({ client, group, text: `${whom}` }), 10_000);
  await world.time.settle(writeJunk({ world, group, client }), 10_000);
  await world.time.run(1_500);
  for (let i = 0; i < RENAMES; i++) {
    await world.time.settle(renameGroup({ client, group, name: `${whom} ${i}` }), 10_000);
  }
  await world.time.run(8_000);
}

/** Whether any answer of the liars is another one than they would truly give, before and after: time goes on meanwhile. */
async function differs(seat: string): Promise<boolean> {
  const { deceit, mesh } = world;
  assert.ok(deceit);
  for (const node of mesh.nodes.filter(({ name }) => deceit.everLied.has(name)).slice(0, 1)) {
    const { api } = storyOf({ deceit, seat, client: seatOf(world, seat).client, node });
    const before = await world.time.settle(answersOf(node.api), 60_000);
    const told = await world.time.settle(answersOf(api), 60_000);
    const after = await world.time.settle(answersOf(node.api), 60_000);
    const isTrue = told.every((answer, i) =>
      [before, after].some((truth) => isDeepStrictEqual(answer, truth[i])),
    );
    if (!isTrue) return true;
  }
  return false;
}

async function answersOf(api: NodeApi): Promise<unknown[]> {
  const inboxes = [...world.inboxes.values()];
  const { wallets = new Map() } = headOf(world.chain)?.state ?? {};
  const installations = [...world.seats.values()].flatMap(({ client }) => client?.installation ?? []);
  const topics = [...world.sent.values()].map(({ topic }) => ({ topic }));
  const question = { entries: [{ group, id: group }], inboxes, wallets: [...wallets.keys()], nodes: [] };
  const block = headOf(world.chain)?.ref.hash ?? "0x";
  const append = {
    group,
    parent: group,
    limit: 0,
    authority: [...wallets.keys()][0],
    payload: Uint8Array.of(1),
  };
  return await Promise.all([
    api.fetchEntries({ group, recent: [] }),
    api.listNodes({}),
    api.getHistories({ inboxes: inboxes.map((inbox) => ({ inbox, count: 0, word: EMPTY_WORD })) }),
    Promise.all([...wallets.keys()].map((wallet) => api.getWallet({ wallet }))),
    api.query({
      topics: [...topics, { topic: groupTopic(group) }],
    }),
    api.getKeyPackages({ installations }),
    api.hasEnvelopes({ hashes: [...world.sent.keys()] }),
    storedBy(api),
    api.getTopicDigests({ topics: [{ topic: groupTopic(group) }] }),
    api.getCoverage({ batches: world.mesh.batches.slice(-MAX_BATCHES_PER_CALL).map(batchPlaceOf) }),
    api.relayAppend({ ...append, signature: new Uint8Array(65) }),
    inTime(api.readWords({ ...question, checkpoints: [], blocks: [], block })),
  ]);
}

function batchPlaceOf({ header, headerBytes }: World["mesh"]["batches"][number]): BatchPlace {
  const { node, shard, generation, firstSequence: first } = header;
  return { log: { node, shard, generation }, first, headerHash: batchHeaderHash(headerBytes) };
}

/** Its signature is another one each time. */
async function storedBy(api: NodeApi): Promise<readonly boolean[]> {
  const hashes = [...world.sent.keys(), asId<EnvelopeHash>(new Uint8Array(32))];
  return (await api.vouch({ hashes })).stored;
}

/** Or that it came too late, or not at all. */
async function inTime(answer: Promise<unknown>): Promise<unknown> {
  const late = new Promise((resolve) => void setTimeout(resolve, 3_000, "late"));
  return await Promise.race([answer.catch(() => "nothing"), late]);
}
