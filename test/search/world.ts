import { randomBytes, sha256 } from "#crypto";
import { walletFromKey } from "../../src/chain/sign/walletFromKey.ts";
import { type Client, coreOf } from "../../src/client/client.ts";
import type { ClientLogger } from "../../src/client/group/core.ts";
import { openClientOn } from "../../src/client/openClient.ts";
import { createSerialQueue, type SerialQueue } from "../../src/clock/serialQueue.ts";
import type { GroupState } from "../../src/mls/groupState.ts";
import { batchHeaderHash } from "../../src/wire/batchHeader.ts";
import { utf8 } from "../../src/wire/bytes.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import type { EnvelopeHash, GroupId, InboxId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/ids.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { createDeceit, type Deceit, endDeceit, followShadow, isEclipsed, storyOf } from "./lies/deceit.ts";
import { watchNodes } from "./lies/watchNodes.ts";
import { type Block, createMemoryChain, type MemoryChain, mine, submit } from "./memoryChain.ts";
import { openMemoryDatabase, type Rows, readRows } from "./memoryDatabase.ts";
import { linkNode } from "./memoryLink.ts";
import { createMemoryMesh, gossip, keepSyncing, type MemoryMesh } from "./memoryMesh.ts";
import {
  followToHead,
  type MemoryNode,
  type NodeIdentity,
  nodeIdentity,
  nodeIdOfIdentity,
  openMemoryNode,
  urlOf,
} from "./memoryNode.ts";
import { nodeAddresses } from "./nodeAddresses.ts";
import { createRandom, type Random } from "./random.ts";
import type { Seat } from "./seat.ts";
import { installVirtualTime, type VirtualTime } from "./virtualTime.ts";
import { setTraps } from "./writeTrap.ts";

/** A whole network in memory, from which everything else in this folder is made. Disposing closes it. */
export type World = AsyncDisposable & {
  readonly time: VirtualTime;
  /** Decides what happens when and what breaks. */
  readonly random: Random;
  readonly chain: MemoryChain;
  readonly mesh: MemoryMesh;
  readonly seats: ReadonlyMap<string, Seat>;
  readonly sent: Map<EnvelopeHash, Envelope>;
  /** Errors that clients logged: nothing in a search may cause one. */
  readonly failures: unknown[];
  /** Everybody's, by seat. */
  readonly inboxes: Map<string, InboxId>;
  /** Ratchets of those who seal past their client, by seat and head. */
  readonly hostileStates: Map<string, GroupState>;
  readonly group: GroupId | undefined;
  /** False: the chain makes no blocks. */
  mines: boolean;
  /** Only in networks with liars. */
  readonly deceit: Deceit | undefined;
  /** What was begun and is not over. */
  readonly background: Set<Promise<void>>;
};

/** What a world can be begun from as often as one likes. */
export type Snapshot = {
  readonly nowMs: number;
  readonly blocks: readonly Block[];
  readonly nodes: readonly { readonly identity: NodeIdentity; readonly rows: Rows }[];
  readonly seats: readonly Pick<Seat, "name" | "walletKey" | "databaseId" | "rows">[];
  readonly group: GroupId | undefined;
};

export const BLOCK_MS = 1_000;
/** How long a node may take to read a block. */
const INDEX_LAG_MS = 400;
const START_MS = 1_800_000_000_000;
const CLOSE_MS = 60_000;
const LOOK_MS = 500;
/** Share of blocks that a node lets pass without anchoring what it has taken. */
const CHECKPOINT_DELAYED = 0.3;

/** How many nodes there are: two that tell the truth, or five of four operators, of which one may lie. */
export type NetworkKind = "two" | "five";

const nodeNames: Readonly<Record<NetworkKind, readonly (readonly [name: string, operator?: string])[]>> = {
  two: [["north"], ["south"]],
  five: [["north"], ["south"], ["east"], ["west"], ["far-west", "west"]],
};

/** Nodes, and installations that are registered by nobody yet. The name before a digit is the person's. */
export function emptySnapshot(names: readonly string[], kind: NetworkKind = "two"): Snapshot {
  const nodes = nodeNames[kind].map(([name, operator]) => ({
    identity: nodeIdentity(name, operator),
    rows: [],
  }));
  const seats = names.map((name) => ({
    name,
    walletKey: toHex(sha256(utf8(`wallet of ${name.replace(/\d/, "")}`))),
    databaseId: randomBytes(16),
    rows: [],
  }));
  return { nowMs: START_MS, blocks: [], nodes, seats, group: undefined };
}

/** Goes on from a snapshot. Time, and what it decides, follow from the seed. */
export async function openWorld(params: {
  snapshot: Snapshot;
  seed: number;
  faults: number;
}): Promise<World> {
  const { snapshot, seed, faults } = params;
  await using stack = new AsyncDisposableStack();
  const time = stack.use(installVirtualTime(snapshot.nowMs));
  const random = createRandom(seed);
  const chain = createMemoryChain({ network: testNetwork, blocks: snapshot.blocks });
  const mesh = createMemoryMesh(random);
  const ending = new AbortController();
  for (const { identity, rows } of snapshot.nodes) {
    const onBatch = (batch: Parameters<typeof gossip>[2]): void => gossip(mesh, node, batch);
    const node: MemoryNode = await openMemoryNode({ identity, network: testNetwork, chain, rows, onBatch });
    mesh.nodes.push(node);
  }
  if (snapshot.blocks.length === 0) registerNodes(chain, snapshot);
  const sent = new Map<EnvelopeHash, Envelope>();
  const nodeAt = (url: string) => mesh.nodes.find((node) => node.url === url);
  const deceit = snapshot.nodes.length > nodeNames.two.length ? createDeceit(chain) : undefined;
  const seats = snapshot.seats.map((seat): Seat => {
    const { name } = seat;
    const isDown = (node: MemoryNode) =>
      mesh.down.has(node.name) ||
      (deceit !== undefined && isEclipsed({ deceit, seat: name, node, nowMs: time.nowMs() }));
    const storyOfNode = (node: MemoryNode) =>
      deceit
        ? storyOf({ deceit, seat: name, client: seatOf(world, name).client, node })
        : { api: node.api, signal: ending.signal };
    const wire = { random, nodeAt, isDown, storyOf: storyOfNode, faults, sent };
    return { ...seat, wire, client: undefined, online: true, trap: undefined, hasFailed: false, heard: [] };
  });
  const world: World = {
    ...{ time, random, chain, mesh, deceit, sent, failures: [], group: snapshot.group, mines: true },
    inboxes: new Map(),
    hostileStates: new Map(),
    background: new Set(),
    seats: new Map(seats.map((seat) => [seat.name, seat])),
    [Symbol.asyncDispose]: () => closeWorld(world, ending),
  };
  keepMining(world, ending.signal);
  keepSyncing(mesh, ending.signal);
  await time.run(2 * BLOCK_MS);
  stack.move();
  return world;
}

/** Opens installations that are not open; all at once, as after a power cut. */
export async function openSeats(world: World, names: readonly string[]): Promise<void> {
  const opening = Promise.all(names.map((name) => openSeat(world, name)));
  await world.time.settle(opening, 120_000);
}

async function openSeat(world: World, name: string): Promise<void> {
  const seat = seatOf(world, name);
  const { databaseId: id, rows, wire, walletKey } = seat;
  const database = await openMemoryDatabase({ name, kind: "client", id, network: testNetwork, rows });
  const reopen = (): Promise<void> => openSeat(world, name);
  setTraps({ seat, database, reopen, inBackground: (task) => runInBackground(world, task) });
  seat.client = await openClientOn({
    database,
    connect: ({ url }) => linkNode({ wire, url }),
    wallet: walletFromKey(walletKey),
    nodes: world.mesh.nodes.map(({ url }) => url),
    network: testNetwork,
    online: seat.online,
    rotation: "off",
    consent: "allow",
    ownRoom: false,
    logger: loggerOf(world, name),
  });
  coreOf(seat.client).events.listen((event) => {
    if (event.kind === "withheld" || event.kind === "lied") seat.heard.push(event);
  });
  world.inboxes.set(name, seat.client.inbox);
}

/** Closes an installation and keeps its disk. */
async function closeSeat(world: World, name: string): Promise<void> {
  const seat = seatOf(world, name);
  const { client } = seat;
  if (!client) return;
  const { database } = coreOf(client);
  seat.client = undefined;
  await client[Symbol.asyncDispose]();
  seat.rows = await readRows(database);
}

/** Goes on beside everything else; what it throws is a failure of the search itself. */
export function runInBackground(world: World, task: () => Promise<void>): void {
  const running = task()
    .catch((error: unknown) => void world.failures.push(error))
    .finally(() => world.background.delete(running));
  world.background.add(running);
}

export function seatOf(world: World, name: string): Seat {
  const seat = world.seats.get(name);
  if (seat) return seat;
  throw new Error(`nobody is called ${name}`);
}

/** The client of a seat that is open. */
export function clientOf(world: World, name: string): Client {
  const { client } = seatOf(world, name);
  if (client) return client;
  throw new Error(`${name} is not there`);
}

/** Lets time pass until it is so; throws, naming `what`, if that takes longer than `limitMs`. */
export async function until(params: {
  world: World;
  what: string;
  isSo: () => boolean | Promise<boolean>;
  limitMs: number;
}): Promise<void> {
  const { time } = params.world;
  const untilMs = time.nowMs() + params.limitMs;
  while (!(await params.isSo())) {
    if (time.nowMs() > untilMs) throw new Error(`it never comes: ${params.what}`);
    await time.run(LOOK_MS);
  }
}

/** Closes everybody and gives what is on all disks. */
export async function takeSnapshot(world: World, group: GroupId): Promise<Snapshot> {
  const { time, chain, mesh } = world;
  for (const name of world.seats.keys()) await time.settle(closeSeat(world, name), CLOSE_MS);
  const seats = [...world.seats.values()];
  return {
    ...{ nowMs: time.nowMs(), blocks: chain.blocks, group },
    nodes: await Promise.all(
      mesh.nodes.map(async ({ identity, rows }) => ({ identity, rows: await rows() })),
    ),
    seats: seats.map(({ name, walletKey, databaseId, rows }) => ({ name, walletKey, databaseId, rows })),
  };
}

async function closeWorld(world: World, ending: AbortController): Promise<void> {
  const { time, mesh, seats, deceit } = world;
  try {
    for (const name of seats.keys()) await time.settle(closeSeat(world, name), CLOSE_MS);
    if (deceit) await time.settle(endDeceit(deceit), CLOSE_MS);
    for (const node of mesh.nodes) await time.settle(Promise.resolve(node[Symbol.asyncDispose]()), CLOSE_MS);
  } finally {
    ending.abort();
    time[Symbol.dispose]();
  }
}

function registerNodes(chain: MemoryChain, { nodes }: Snapshot): void {
  for (const { identity } of nodes) {
    const { name, operator, signingPublicKey: signingKey } = identity;
    const node = nodeIdOfIdentity(identity);
    const owned = { operator, signingKey, bondWei: 1n };
    const body = { kind: "node-registered", node, ...owned, ...nodeAddresses(urlOf(name)) } as const;
    submit({ chain, transaction: { kind: "record", body } });
  }
}

/** A block every second while the chain runs; nodes read it a little later, each in its own time. */
function keepMining(world: World, signal: AbortSignal): void {
  const { chain, random, time, deceit } = world;
  const again = (): void => {
    if (signal.aborted) return;
    if (world.mines) {
      checkpointLogs(world);
      mine({ chain, timeMs: time.nowMs(), random });
      tellNodes(world);
    }
    if (deceit) watchNodes({ ...world, deceit });
    setTimeout(again, BLOCK_MS);
  };
  setTimeout(again, BLOCK_MS);
}

/** Nodes that took something in since anchor their logs with the next block; now and then they do not get to it. */
function checkpointLogs({ chain, mesh, random }: World): void {
  for (const { node, name, collusion } of mesh.nodes) {
    if (collusion.anchor) continue;
    const own = mesh.batches.filter(({ header }) => header.node === node);
    const last = own.at(-1);
    if (!last || mesh.down.has(name) || mesh.checkpointed.get(name) === own.length) continue;
    if (random.chance(CHECKPOINT_DELAYED)) continue;
    mesh.checkpointed.set(name, own.length);
    const { shard, generation, firstSequence, count } = last.header;
    const sequence = firstSequence + BigInt(count) - 1n;
    const headerHash = batchHeaderHash(last.headerBytes);
    const body = { kind: "checkpoint", node, shard, generation, sequence, headerHash } as const;
    submit({ chain, transaction: { kind: "record", body } });
  }
}

const reading = new WeakMap<MemoryNode, SerialQueue>();

/** Lets the nodes see what has become of the chain. */
export function tellNodes({ mesh, random, deceit }: Pick<World, "mesh" | "random" | "deceit">): void {
  for (const node of mesh.nodes) {
    const queue = reading.get(node) ?? createSerialQueue();
    reading.set(node, queue);
    const follow = async (): Promise<void> => {
      await followToHead(node);
      if (deceit) await followShadow(deceit, node.name);
    };
    setTimeout(() => void queue.run(follow), random.next() * INDEX_LAG_MS);
  }
}

function loggerOf({ failures }: Pick<World, "failures">, seat: string): ClientLogger {
  const quiet = (): void => undefined;
  const error = (fields: object, message: string): void => void failures.push({ seat, message, ...fields });
  const print = (level: string) => (fields: object, message: string) =>
    console.log(seat, level, message, fields);
  if (process.env.WEFT_SEARCH_LOG === undefined) return { debug: quiet, info: quiet, warn: quiet, error };
  return { debug: print("debug"), info: print("info"), warn: print("warn"), error };
}
