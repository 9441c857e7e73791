import { setTimeout as delay } from "node:timers/promises";
import { awaitRecovery, ORDER_LIMIT_MS, type Recovery } from "./awaitRecovery.ts";
import { type Cast, type Fault, type Turn, tellTurn } from "./faults.ts";
import { reviveNode } from "./reviveNode.ts";
import { verbs } from "./verbs/all.ts";
import type { World } from "./world.ts";

const START_POLL_MS = 100;

/** What came of a turn. */
export type Played = {
  readonly turn: Turn;
  readonly words: string;
  readonly seconds: number;
  /** Messages that somebody was shown while it lasted. */
  readonly meanwhile: number;
  readonly recovery: Recovery;
  readonly failures: readonly string[];
};

/** Plays faults at once, ends them, and sees how soon all is well again. */
export async function playTurn(params: {
  world: World;
  turn: Turn;
  cast: Cast;
  /** So soon after a fault's end everything that is said has to reach everybody. */
  limitMs: number;
}): Promise<Played> {
  const { world, turn, cast, limitMs } = params;
  const before = world.failures.length;
  const shownBefore = countShown(world);
  const beganMs = performance.now();
  await Promise.all(turn.faults.map((fault) => playFault({ world, fault })));
  const endMs = performance.now();
  const meanwhile = countShown(world) - shownBefore;
  const recovery = await awaitRecovery({ world, endMs, turn: turn.number, limitMs });
  superviseNodes(world);
  await awaitStarts(world);
  const late = [
    ...tooLate({
      what: "not all is read",
      ms: recovery.allMs,
      limitMs,
      lacks: recovery.lacks,
    }),
    ...tooLate({
      what: "a rename is not known to all",
      ms: recovery.orderMs,
      limitMs: ORDER_LIMIT_MS,
      lacks: [],
    }),
  ];
  const words = tellTurn({ turn, cast });
  return {
    ...{ turn, words, meanwhile, recovery },
    seconds: (endMs - beganMs) / 1_000,
    failures: [...withCounts(world.failures.slice(before)), ...late],
  };
}

async function playFault(params: { world: World; fault: Fault }): Promise<void> {
  const { world, fault } = params;
  const end = await verbs[fault.kind](params);
  await delay(fault.seconds * 1_000, undefined, { signal: world.signal }).catch(() => undefined);
  await end();
}

function countShown({ ledger }: World): number {
  let shown = 0;
  for (const said of ledger.said.values()) shown += said.shown.size;
  return shown;
}

/** A node that ends by itself has failed; somebody starts it again all the same. */
function superviseNodes(world: World): void {
  for (const seat of world.nodes) {
    if (seat.node.isRunning() || world.ended.has(seat.name)) continue;
    world.failures.push(`the process of ${seat.name} ended by itself`);
    world.ended.add(seat.name);
    void reviveNode({ world, seat });
  }
}

/** The others may be well before all nodes run; one that only starts must not meet the next turn's fault. */
async function awaitStarts({ nodes, ended, signal }: World): Promise<void> {
  while (nodes.some(({ name }) => ended.has(name)) && !signal.aborted) await delay(START_POLL_MS);
}

/** What was told again and again stands once. */
export function withCounts(failures: readonly string[]): string[] {
  return [...Map.groupBy(failures, (one) => one)].map(([one, { length }]) =>
    length === 1 ? one : `${one} (${length} times)`,
  );
}

function tooLate(params: {
  what: string;
  ms: number | undefined;
  limitMs: number;
  lacks: readonly string[];
}): string[] {
  const { what, ms, limitMs, lacks } = params;
  if (ms !== undefined && ms <= limitMs) return [];
  const when = ms === undefined ? "and never was" : `but after ${(ms / 1_000).toFixed(1)} s`;
  const who = lacks.length === 0 ? "" : `: ${lacks.join("; ")}`;
  return [`${what} ${limitMs / 1_000} s after its end, ${when}${who}`];
}
