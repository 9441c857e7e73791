import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { multiaddr } from "@multiformats/multiaddr";
import { awaitLevel } from "../../scripts/netns/awaitLevel.ts";
import { type FaultName, faults } from "../../scripts/netns/faults.ts";
import { judgeNodes } from "../../scripts/netns/judgeNodes.ts";
import { openWorld, type World } from "../../scripts/netns/openWorld.ts";
import { formatPlayed, LEVEL_LIMIT_MS, playFault } from "../../scripts/netns/playFault.ts";
import { readMemory } from "../../scripts/netns/readMemory.ts";
import { type Poster, startPoster } from "../../scripts/netns/startPoster.ts";
import { whyNoHosts } from "../../scripts/netns/whyNoHosts.ts";
import { startHostilePeer } from "../support/startHostilePeer.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { until } from "../support/until.ts";

const NODES = 4;
/** Envelopes. */
const PER_SECOND = 20;
const FAULT_SECONDS = 2;
/** Until the nodes have what they keep in memory. */
const WARM_UP = 60;
const MOST_GROWTH = 1.5;

const TITLES: Readonly<Record<FaultName, string>> = {
  partition: "two and two nodes can't reach each other, then they can",
  rough: "a node's packets are lost, late and out of order, those to it are not",
  kill: "a node is killed in the middle of batches and started again",
  "kill-all": "all nodes are killed and started again at once",
  "cut-chain": "no node can reach the chain for a while",
  slow: "a registered node's link is so slow that it can't keep up; the others don't wait for it",
};

const stack = new AsyncDisposableStack();
const skip = (await whyNoHosts()) ?? false;
let world: World;
let poster: Poster;
let warm: readonly number[];

before(async () => {
  if (skip !== false) return;
  const directory = stack.use(await temporaryDirectory());
  const signal = AbortSignal.timeout(240_000);
  world = stack.use(await openWorld({ directory: directory.path, nodes: NODES, signal }));
  poster = stack.use(startPoster({ world, perSecond: PER_SECOND }));
  await until("the nodes are warm", () => poster.acknowledged.size >= WARM_UP);
  await awaitLevel({ ...world, wanted: [...poster.acknowledged.keys()], limitMs: LEVEL_LIMIT_MS });
  warm = await Promise.all(world.seats.map(readMemory));
});
after(() => stack.disposeAsync());

for (const name of Object.keys(faults) as FaultName[]) {
  test(TITLES[name], { skip }, async (t) => {
    const played = await playFault({ name, world, poster, seconds: FAULT_SECONDS });
    assert.ok(played.acknowledged > 0);
    t.diagnostic(formatPlayed(played));
  });
}

test("a peer that is not registered is refused", { skip }, async () => {
  const [seat] = world.seats;
  assert.ok(seat);
  await using stranger = await startHostilePeer();
  const target = seat.node.addresses.multiaddrs.map((address) => multiaddr(address));
  await stranger.libp2p.dial(target).catch(() => undefined);
  const peerId = stranger.libp2p.peerId.toString();
  const isTold = async (): Promise<boolean> => {
    const lines = (await readFile(seat.node.logFile, "utf8")).split("\n");
    return lines.some((line) => line.includes("unregistered-peer") && line.includes(peerId));
  };
  await until("the node tells that it refused it", isTold);
  await until("it is not connected", () => stranger.libp2p.getConnections().length === 0);
});

test("after all of it each acknowledged envelope is on each node, once, and no node has grown", {
  skip,
}, async (t) => {
  await poster.rest();
  const wanted = [...poster.acknowledged.keys()];
  await awaitLevel({ ...world, wanted, limitMs: LEVEL_LIMIT_MS });
  assert.deepEqual(await judgeNodes({ world, poster }), []);
  const grown = async (): Promise<number[]> => {
    const now = await Promise.all(world.seats.map(readMemory));
    return now.map((bytes, index) => bytes / (warm[index] ?? 0));
  };
  await until("memory is back", async () => (await grown()).every((times) => times < MOST_GROWTH));
  const refused = [...poster.refused].map(([code, count]) => `${count} × ${code}`).join(", ");
  t.diagnostic(`${wanted.length} of ${poster.posted.size} envelopes acknowledged (${refused})`);
  t.diagnostic(
    `memory since the warm-up: ${(await grown()).map((times) => `× ${times.toFixed(2)}`).join(", ")}`,
  );
});
