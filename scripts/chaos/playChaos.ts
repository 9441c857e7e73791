import { join } from "node:path";
import { type GroupId, WeftError } from "../../src/index.ts";
import { awaitRecovery } from "./awaitRecovery.ts";
import { type Cast, drawTurn, type FaultKind, type Turn } from "./faults.ts";
import { openDisk } from "./openDisk.ts";
import { openWorld } from "./openWorld.ts";
import { type Played, playTurn, withCounts } from "./playTurn.ts";
import { readNodeLog } from "./readNodeLog.ts";
import { hush, openHall, openSalon } from "./setStage.ts";
import { settle } from "./settle.ts";
import type { World } from "./world.ts";

/** After so many turns the talk ends for a moment and everybody's timelines are compared. */
const TURNS_PER_ROUND = 8;

/** `since`: the number of the first turn that these processes have lived through. */
export type Finding = { readonly turn: number; readonly since: number; readonly what: string };

export type Chaos = {
  readonly played: readonly Played[];
  readonly findings: readonly Finding[];
  readonly messages: number;
  readonly outcomes: ReadonlyMap<string, number>;
  readonly refused: ReadonlyMap<string, number>;
  /** Warnings and worse. */
  readonly logged: ReadonlyMap<string, number>;
  readonly loggedByNodes: ReadonlyMap<string, number>;
  /** Kinds that this machine can't play. */
  readonly skipped: readonly FaultKind[];
};

export type Progress =
  | { readonly kind: "stage"; readonly text: string }
  | { readonly kind: "began"; readonly turn: Turn }
  | { readonly kind: "played"; readonly played: Played }
  | { readonly kind: "settled"; readonly findings: readonly Finding[] };

type Params = {
  directory: string;
  cast: Cast;
  seed: number;
  /** The number of the first turn. */
  first: number;
  kinds: readonly FaultKind[];
  /** From when everything runs for the first time. */
  minutes: number;
  limitMs: number;
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
};

/** What one set of processes has lived through. */
type Life = Omit<Chaos, "skipped"> & { readonly next: number };

/**
 * Plays faults until the time is up or the signal aborts. Where something did not hold, new processes go on with the
 * next turn. Throws what keeps the stage from being set.
 */
export async function playChaos(params: Params): Promise<Chaos> {
  const { directory, first, signal } = params;
  const { kinds, skipped } = await playable(params);
  const lives: Life[] = [];
  let untilMs = Number.POSITIVE_INFINITY;
  const isOver = (): boolean => signal.aborted || performance.now() >= untilMs;
  const onOpen = (): void => {
    untilMs = Math.min(untilMs, performance.now() + params.minutes * 60_000);
  };
  while (!isOver()) {
    const place = { directory: join(directory, String(lives.length)), first: lives.at(-1)?.next ?? first };
    lives.push(await playLife({ ...params, ...place, kinds, isOver, onOpen }));
  }
  return {
    skipped,
    played: lives.flatMap(({ played }) => played),
    findings: lives.flatMap(({ findings }) => findings),
    messages: lives.reduce((sum, { messages }) => sum + messages, 0),
    outcomes: sumOf(lives.map(({ outcomes }) => outcomes)),
    refused: sumOf(lives.map(({ refused }) => refused)),
    logged: sumOf(lives.map(({ logged }) => logged)),
    loggedByNodes: sumOf(lives.map(({ loggedByNodes }) => loggedByNodes)),
  };
}

/** One turn at least, then until something does not hold or it is over. */
async function playLife(params: Params & { isOver: () => boolean; onOpen: () => void }): Promise<Life> {
  const { directory, cast, seed, first, kinds, limitMs, signal, isOver, onProgress } = params;
  const tell = (text: string): void => onProgress({ kind: "stage", text });
  await using world = await openWorld({ directory, cast, seed, signal, onProgress: tell });
  await openHall({ world });
  const played: Played[] = [];
  const findings: Finding[] = [];
  let next = first;
  for (let round = 0; round === 0 || (findings.length === 0 && !isOver()); round++) {
    await openSalon({ world, round });
    if (round === 0) await warmUp(world);
    if (round === 0) params.onOpen();
    do {
      const turn = drawTurn({ seed, number: next++, kinds, cast });
      onProgress({ kind: "began", turn });
      const one = await playTurn({ world, turn, cast, limitMs });
      if (signal.aborted) break;
      played.push(one);
      findings.push(...one.failures.map((what) => ({ turn: turn.number, since: first, what })));
      onProgress({ kind: "played", played: one });
      // Whoever has not recovered would be found again behind each fault.
      if (one.recovery.allMs === undefined || one.recovery.orderMs === undefined) break;
    } while (!isOver() && (next - first) % TURNS_PER_ROUND !== 0);
    if (signal.aborted) break;
    const found = (await compare(world)).map((what) => ({ turn: next - 1, since: first, what }));
    findings.push(...found);
    onProgress({ kind: "settled", findings: found });
  }
  const { ledger, logged, nodes } = world;
  const { outcomes, refused, said } = ledger;
  const logs = await Promise.all(nodes.map(({ node }) => readNodeLog({ file: node.logFile })));
  const counts = { outcomes, refused, logged, loggedByNodes: sumOf(logs) };
  return { next, played, findings, messages: said.size, ...counts };
}

/** Before the first fault all has to be well. */
async function warmUp(world: World): Promise<void> {
  const limitMs = Number.POSITIVE_INFINITY;
  const { allMs, orderMs } = await awaitRecovery({ world, endMs: performance.now(), turn: -1, limitMs });
  if (allMs !== undefined && orderMs !== undefined) return;
  throw new WeftError({ code: "not-ready", message: "not everybody reads everybody, before any fault" });
}

async function compare(world: World): Promise<string[]> {
  const before = world.failures.length;
  const groups: GroupId[] = [world.hall, world.talk?.salon].filter((group) => group !== undefined);
  await hush({ world });
  const found = await settle({ world, groups });
  return [...withCounts(world.failures.slice(before)), ...found];
}

/** Throws `bad-config` if nothing is left. */
async function playable(params: { directory: string; kinds: readonly FaultKind[] }) {
  const { directory, kinds } = params;
  await using disk = await openDisk({ path: join(directory, "disk") });
  const skipped = disk ? [] : kinds.filter((kind) => kind.startsWith("fill"));
  const left = kinds.filter((kind) => !skipped.includes(kind));
  if (left.length > 0) return { kinds: left, skipped };
  const message = "no disk can be filled here: a small file system may not be mounted";
  throw new WeftError({ code: "bad-config", message });
}

function sumOf(counts: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [name, count] of counts.flatMap((one) => [...one]))
    sums.set(name, (sums.get(name) ?? 0) + count);
  return sums;
}
