import { setTimeout as delay } from "node:timers/promises";
import { callRpc } from "../../src/devnet/callRpc.ts";
import type { EnvelopeHash } from "../../src/wire/ids.ts";
import { awaitLevel, lacking } from "./awaitLevel.ts";
import type { Seat, World } from "./openWorld.ts";
import { type Roughness, roughenLink } from "./roughenLink.ts";
import { partSides, slowLink } from "./spoilLinks.ts";
import type { Poster } from "./startPoster.ts";

const ROUGHNESS: Roughness = { lostShare: 0.2, delayMs: 80, jitterMs: 40 };
const SLOW_RATE = "64kbit";
/** Calls that are open at once when a node is killed. */
const BURST = 40;
/** A fault that never shows itself is none; the others have to be level by then, too. */
const LIMIT_MS = 60_000;
const POLL_MS = 20;
/** More than a node is behind by itself. */
const BLOCKS_BEHIND = 5;
/** Of each kind, until a link is a rough one. */
const PACKETS = 10;

type Stage = { world: World; poster: Poster; seconds: number };

/**
 * Plays a fault for so many seconds at least, and until it has shown itself, while envelopes are posted; resolves when
 * it is over. Throws if it never shows itself, or if those whom it spares are not level meanwhile.
 */
export type Fault = (stage: Stage) => Promise<void>;

export const faults = {
  partition: async ({ world, poster, seconds }) => {
    const half = Math.ceil(world.seats.length / 2);
    const sides = [world.seats.slice(0, half), world.seats.slice(half)];
    await using _ = await partSides({ network: world.network, sides: sides.map(hostsOf) });
    await delay(seconds * 1_000);
    const [ours = [], theirs = []] = sides;
    await shows("nothing passes", () => lacksOf(ours, theirs, poster) && lacksOf(theirs, ours, poster));
  },
  rough: async ({ world, seconds }) => {
    const { host } = seatAt(world, 0);
    await using link = await roughenLink({ network: world.network, host, roughness: ROUGHNESS });
    await delay(seconds * 1_000);
    await shows("packets are lost and overtaken", () => {
      const { lost, overtaken } = link.counts();
      return Math.min(lost, overtaken) >= PACKETS;
    });
  },
  kill: async ({ world, poster }) => {
    const seat = seatAt(world, 1);
    await poster.burst({ seat, count: BURST });
    await seat.node.stop("kill");
    await seat.node.start();
  },
  "kill-all": async ({ world }) => {
    await Promise.all(world.seats.map(({ node }) => node.stop("kill")));
    await Promise.all(world.seats.map(({ node }) => node.start()));
  },
  "cut-chain": async ({ world, seconds }) => {
    const sides = [[world.chainHost], hostsOf(world.seats)];
    await using _ = await partSides({ network: world.network, sides });
    await delay(seconds * 1_000);
    await shows("the nodes fall behind the chain", async () => {
      const { rpcUrl } = world.chain;
      const block = Number(await callRpc<string>({ rpcUrl, method: "eth_blockNumber" }));
      const read = await Promise.all(world.seats.map(({ api }) => api.getNode({})));
      return read.every(({ head }) => head !== undefined && head.number + BLOCKS_BEHIND <= block);
    });
  },
  slow: async ({ world, poster, seconds }) => {
    const slow = seatAt(world, 2);
    await using link = await slowLink({ host: slow.host, rate: SLOW_RATE });
    await delay(seconds * 1_000);
    await shows("packets wait", async () => (await link.waits()) >= PACKETS);
    // Nobody else waits for it.
    const others = world.seats.filter((seat) => seat !== slow);
    const theirs = acknowledgedBy(others, poster);
    await awaitLevel({ ...world, seats: others, wanted: theirs, limitMs: LIMIT_MS });
  },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;

function hostsOf(seats: readonly Seat[]) {
  return seats.map(({ host }) => host);
}

function seatAt(world: World, index: number): Seat {
  const seat = world.seats[index % world.seats.length];
  if (seat === undefined) throw new Error("there is no node");
  return seat;
}

function acknowledgedBy(seats: readonly Seat[], poster: Poster): EnvelopeHash[] {
  return [...poster.acknowledged].filter(([, seat]) => seats.includes(seat)).map(([hash]) => hash);
}

/** Each of these lacks something that one of those has acknowledged. */
function lacksOf(these: readonly Seat[], those: readonly Seat[], poster: Poster): boolean {
  const wanted = acknowledgedBy(those, poster);
  return these.every((seat) => lacking({ seat, wanted }).length > 0);
}

async function shows(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`it never showed itself: ${what}`);
    await delay(POLL_MS);
  }
}
