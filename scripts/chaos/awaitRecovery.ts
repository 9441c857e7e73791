import { setTimeout as delay } from "node:timers/promises";
import type { MessageId } from "../../src/index.ts";
import type { Said } from "./ledger.ts";
import { nameOfNewHall } from "./setStage.ts";
import type { PersonSeat, World } from "./world.ts";

/** So soon after a fault's end what is asked of the chain is done and known to all. */
export const ORDER_LIMIT_MS = 30_000;
/** Whoever is not back by then is not waited for. */
const GIVE_UP_MS = 75_000;
const POLL_MS = 50;
const ASK_MS = 5_000;

/** Times from the fault's end, in milliseconds; undefined: not at all. */
export type Recovery = {
  /** Until the slowest member was shown the next thing that somebody else said after the end. */
  readonly nextMs: number | undefined;
  /** Until everybody was shown what everybody said at the end. */
  readonly allMs: number | undefined;
  /** Until everybody knew of a change of the group that was asked for at the end. */
  readonly orderMs: number | undefined;
  /** Who lacked what when the limit was over. */
  readonly lacks: readonly string[];
};

/** Lets everybody say something when a fault is over, and one change the group, and sees when all know of it. */
export async function awaitRecovery(params: {
  world: World;
  endMs: number;
  turn: number;
  /** When it is noted who lacks what. */
  limitMs: number;
}): Promise<Recovery> {
  const { world, endMs, turn, limitMs } = params;
  const group = world.hall;
  if (group === undefined) throw new Error("there is no hall yet");
  const giveUp = AbortSignal.any([world.signal, AbortSignal.timeout(GIVE_UP_MS)]);
  const probes: Probes = new Map();
  const probing = world.people.map(async ({ name, person }) => {
    const text = `after fault ${turn}`;
    const onRefusal = (why: string): void => void probes.set(name, { why });
    const id = await insist({ attempt: () => person.ask("say", { group, text }, ASK_MS), giveUp, onRefusal });
    if (id !== undefined) probes.set(name, { id });
  });
  const ordering = awaitOrder({ world, endMs, turn, giveUp });
  let lacks: readonly string[] = [];
  let allMs: number | undefined;
  for (let isLate = false; !giveUp.aborted && allMs === undefined; await delay(POLL_MS)) {
    const missing = missingOf({ world, probes });
    const passedMs = performance.now() - endMs;
    if (passedMs > limitMs && !isLate) {
      isLate = true;
      lacks = missing;
    }
    if (missing.length === 0) allMs = lastShown({ world, probes }) - endMs;
  }
  const orderMs = await ordering;
  await Promise.all(probing);
  return { nextMs: nextOf({ world, endMs }), allMs, orderMs, lacks };
}

/** What everybody said when the fault was over, or why not yet. */
type Probes = Map<string, { readonly id: MessageId } | { readonly why: string }>;

/** Tries again what is refused while a process or its disk is still coming back. */
async function insist<T>(params: {
  attempt: () => Promise<T>;
  giveUp: AbortSignal;
  onRefusal?: (why: string) => void;
}): Promise<T | undefined> {
  while (!params.giveUp.aborted) {
    try {
      return await params.attempt();
    } catch (error) {
      params.onRefusal?.((error as Error).message);
      await delay(POLL_MS);
    }
  }
  return undefined;
}

function missingOf({ world, probes }: { world: World; probes: Probes }): string[] {
  const names = world.people.map(({ name }) => name);
  return names.flatMap((author) => {
    const probe = probes.get(author) ?? { why: "late" };
    if ("why" in probe) return [`${author} can't say anything (${probe.why})`];
    const shown = world.ledger.said.get(probe.id)?.shown;
    const deaf = names.filter((name) => name !== author && !shown?.has(name));
    return deaf.length === 0 ? [] : [`${author} is not read by ${deaf.join(", ")}`];
  });
}

function lastShown({ world, probes }: { world: World; probes: Probes }): number {
  const times = [...probes.values()].flatMap((probe) => [
    ...("id" in probe ? (world.ledger.said.get(probe.id)?.shown.values() ?? []) : []),
  ]);
  return Math.max(...times);
}

function nextOf(params: { world: World; endMs: number }): number | undefined {
  const { world, endMs } = params;
  const since = [...world.ledger.said.values()].filter(
    ({ atMs, group }) => atMs >= endMs && group === world.hall,
  );
  const firsts = world.people.map(({ name }) => firstShown({ since, name }) - endMs);
  const slowest = Math.max(...firsts);
  return Number.isFinite(slowest) ? slowest : undefined;
}

function firstShown(params: { since: readonly Said[]; name: string }): number {
  const { since, name } = params;
  const others = since.filter(({ by }) => by !== name);
  return Math.min(...others.map(({ shown }) => shown.get(name) ?? Number.POSITIVE_INFINITY));
}

async function awaitOrder(params: {
  world: World;
  endMs: number;
  turn: number;
  giveUp: AbortSignal;
}): Promise<number | undefined> {
  const { world, endMs, turn, giveUp } = params;
  const group = world.hall;
  const seat = world.people.at(turn % world.people.length);
  if (group === undefined || seat === undefined) return undefined;
  const name = nameOfNewHall(turn);
  const knows = async ({ person }: PersonSeat): Promise<boolean> => {
    const standing = await person.ask("standing", { group }, ASK_MS).catch(() => undefined);
    return standing?.name === name;
  };
  await insist({ attempt: () => seat.person.ask("rename", { group, name }, ASK_MS), giveUp });
  while (!giveUp.aborted) {
    const known = await Promise.all(world.people.map(knows));
    if (known.every(Boolean)) return performance.now() - endMs;
    await delay(4 * POLL_MS);
  }
  return undefined;
}
