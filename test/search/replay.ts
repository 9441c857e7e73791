import assert from "node:assert/strict";
import { randomBytes } from "#crypto";
import { walletFromKey } from "../../src/chain/sign/walletFromKey.ts";
import { type Client, coreOf } from "../../src/client/client.ts";
import { keepVerdicts } from "../../src/client/coverage/keepVerdicts.ts";
import type { ClientCore } from "../../src/client/group/core.ts";
import type { Group } from "../../src/client/group/group.ts";
import { readRegistry } from "../../src/client/identity/readRegistry.ts";
import { receivePage } from "../../src/client/links/followTopics.ts";
import { reachHead } from "../../src/client/links/reachHead.ts";
import { openClientOn } from "../../src/client/openClient.ts";
import { steadyMs } from "../../src/clock/steadyMs.ts";
import { groupStatus, listMessages, syncStatus } from "../../src/index.ts";
import type { NodeApi, StoredEnvelope } from "../../src/rpc/nodeApi.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import type { Entry, EntryCursor } from "../../src/wire/chainEntry.ts";
import { type GroupId, toHex } from "../../src/wire/ids.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import { takeAgreed } from "../support/takeAgreed.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { openMemoryDatabase } from "./memoryDatabase.ts";
import { linkNode } from "./memoryLink.ts";
import { WITNESS } from "./play.ts";
import { createRandom, type Random } from "./random.ts";
import { type Snapshot, seatOf, type World } from "./world.ts";

/** In how many further orders the witness is shown what it saw. */
const ORDERS = 3;
const REPEATED = 0.3;
/** Chance that the next thing shown is an entry; else it is an envelope, whether its entry has come or not. */
const ENTRIES_FIRST = [0.5, 0.1, 0] as const;
const VERDICTS_MS = 120_000;

/**
 * Shows everything that the nodes hold in the end to copies of the witness as it was in the beginning, entries in the
 * chain's order and envelopes in any, some twice. Each has to end with the witness's own timeline. Gives the number
 * of orders: none where the witness was removed or had to act itself, for a copy can't do what it did.
 */
export async function replay(params: {
  world: World;
  snapshot: Snapshot;
  group: GroupId;
  seed: number;
}): Promise<number> {
  const { world, group } = params;
  const witness = seatOf(world, WITNESS).client;
  if (!witness || !(await isComparable(witness, group))) return 0;
  const wanted = await viewOf(witness, group);
  for (let order = 0; order < ORDERS; order++) {
    const random = createRandom(params.seed + order);
    await using copy = await openCopy(params);
    await show({ ...params, copy, random, entriesFirst: ENTRIES_FIRST[order] ?? 0 });
    assert.deepEqual(await viewOf(copy, group), wanted, `order ${order} gives another timeline`);
  }
  return ORDERS;
}

async function isComparable(client: Client, id: GroupId): Promise<boolean> {
  const core = coreOf(client);
  const group = core.groups.get(id);
  const wrote = [...(group?.view.entries.values() ?? [])].some(
    ({ verdict }) => "writer" in verdict && verdict.writer.installation === client.installation,
  );
  const isMember = group?.view.record.status === "member" && group.view.record.start.epoch === FIRST_EPOCH;
  return isMember && !wrote && core.copy === undefined;
}

/** In all bases the witness came in by the second entry. */
const FIRST_EPOCH = 2;

async function openCopy({ world, snapshot }: { world: World; snapshot: Snapshot }): Promise<Client> {
  const seat = snapshot.seats.find(({ name }) => name === WITNESS);
  assert.ok(seat);
  const { wire } = seatOf(world, WITNESS);
  const { rows, walletKey } = seat;
  const id = randomBytes(16);
  const database = await openMemoryDatabase({ name: "copy", kind: "client", id, network: testNetwork, rows });
  return await openClientOn({
    database,
    connect: ({ url }) => linkNode({ wire, url }),
    wallet: walletFromKey(walletKey),
    nodes: world.mesh.nodes.map(({ url }) => url),
    network: testNetwork,
    online: false,
    rotation: "off",
    consent: "allow",
    ownRoom: false,
  });
}

async function show(params: {
  world: World;
  group: GroupId;
  copy: Client;
  random: Random;
  entriesFirst: number;
}): Promise<void> {
  const { world, group, copy, random, entriesFirst } = params;
  const { time, mesh } = world;
  const api = mesh.nodes[random.below(mesh.nodes.length)]?.api;
  assert.ok(api);
  const { entries, from } = await entriesFor({ api, copy, group });
  const { envelopes } = await api.query({ topics: [{ topic: groupTopic(group) }], maxBytes: 2 ** 24 });
  const repeated = envelopes.filter(() => random.chance(REPEATED));
  const shuffled = random.shuffle([...envelopes, ...repeated]);
  const signal = AbortSignal.timeout(VERDICTS_MS);
  let cursor = from;
  const next = [...entries];
  while (next.length + shuffled.length > 0) {
    const entry = shuffled.length === 0 || random.chance(entriesFirst) ? next.shift() : undefined;
    if (entry) cursor = await showEntry({ api, copy, group, entry, cursor, signal });
    const envelope = entry ? undefined : shuffled.shift();
    if (envelope) await time.settle(showEnvelope({ api, copy, envelope, signal }), VERDICTS_MS);
  }
  await time.settle(conclude({ api, copy, group, envelopes, signal }), VERDICTS_MS);
}

/** What the copy has not read yet, and where it stands. */
async function entriesFor({ api, copy, group: id }: { api: NodeApi; copy: Client; group: GroupId }) {
  const known = [...(coreOf(copy).groups.get(id)?.view.entries.values() ?? [])];
  const recent = known
    .toReversed()
    .map(({ block, logIndex }) => ({ block: block.number, blockHash: block.hash, logIndex }));
  return await api.fetchEntries({ group: id, recent });
}

type Showing = { api: NodeApi; copy: Client; signal: AbortSignal };

async function showEntry(
  params: Showing & { group: GroupId; entry: Entry; cursor: EntryCursor | undefined },
): Promise<EntryCursor> {
  const { api, copy, entry, cursor: from, signal } = params;
  const core = coreOf(copy);
  const group = core.groups.get(params.group);
  assert.ok(group);
  const { head } = await api.getNode({});
  const page = { from, entries: [entry], more: true, head };
  await takeAgreed({ core, group, reading: { inboxes: new Map() }, api, page, signal });
  await reachAgreed({ core, group, head: entry.block });
  return { block: entry.block.number, blockHash: entry.block.hash, logIndex: entry.logIndex };
}

async function showEnvelope({ api, copy, envelope, signal }: Showing & { envelope: StoredEnvelope }) {
  const watermark = {
    cursor: { database: toHex(randomBytes(16)), offset: envelope.offset + 1n },
    vector: [],
  };
  const page = { envelopes: [envelope], watermark, more: false };
  await receivePage({ core: coreOf(copy), api, page, signal });
}

async function reachAgreed({ core, group, head }: { core: ClientCore; group: Group; head: BlockRef }) {
  group.processed = head;
  group.agreed = head;
  group.agreedAtMs = steadyMs();
  await group.queue.run(() => reachHead({ core, group }));
}

/** The chain's end, the registry's word, everything once more, and the proofs for those who were removed. */
async function conclude(
  params: Showing & { group: GroupId; envelopes: readonly StoredEnvelope[] },
): Promise<void> {
  const { api, copy, envelopes } = params;
  const core = coreOf(copy);
  const group = core.groups.get(params.group);
  const { head } = await api.getNode({});
  assert.ok(group && head);
  await reachAgreed({ core, group, head });
  await core.registryReads.run(() => readRegistry({ core, signal: params.signal }));
  for (const envelope of envelopes) await showEnvelope({ ...params, envelope });
  const ending = new AbortController();
  const verdicts = keepVerdicts({ core, group, signal: ending.signal });
  while ((await syncStatus({ client: copy })).pendingVerdicts > 0) {
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  ending.abort();
  await verdicts;
}

async function viewOf(client: Client, group: GroupId) {
  const { head, epoch, epochs } = await groupStatus({ client, group });
  const items = await listMessages({ client, group });
  return {
    ...{ head, epoch },
    epochs: epochs.map(({ epoch: number, entry, digest }) => [number, entry, digest]),
    items: items.map(({ cursor, kind, ...item }) => [cursor, kind, "state" in item ? item.state : undefined]),
  };
}
