import { type GroupId, WeftError } from "../../src/index.ts";
import { awaitRecovery } from "./awaitRecovery.ts";
import { type Cast, drawTurn, type FaultKind, type Turn } from "./faults.ts";
import { openWorld } from "./openWorld.ts";
import { type Played, playTurn, withCounts } from "./playTurn.ts";
import { hush, openHall, openSalon } from "./setStage.ts";
import { settle } from "./settle.ts";
import type { World } from "./world.ts";

/** After so many turns the talk ends for a moment and everybody's timelines are compared. */
const TURNS_PER_ROUND = 8;

export const cast: Cast = {
  nodes: ["node 1", "node 2", "node 3"],
  clients: ["alice", "bob", "carol", "dave", "erin"],
};

export type Finding = { readonly turn: number; readonly what: string };

export type Chaos = {
  readonly played: readonly Played[];
  readonly findings: readonly Finding[];
  readonly messages: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly logged: Readonly<Record<string, number>>;
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
  seed: number;
  /** The number of the first turn. */
  first: number;
  kinds: readonly FaultKind[];
  /** From when everything runs. */
  minutes: number;
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
};

/** Plays faults until the time is up or the signal aborts. Throws what keeps the stage from being set. */
export async function playChaos(params: Params): Promise<Chaos> {
  const { directory, seed, signal, onProgress } = params;
  const tell = (text: string): void => onProgress({ kind: "stage", text });
  await using world = await openWorld({ directory, cast, seed, signal, onProgress: tell });
  const { kinds, skipped } = playable({ world, kinds: params.kinds });
  await openHall({ world });
  const untilMs = performance.now() + params.minutes * 60_000;
  const played: Played[] = [];
  const findings: Finding[] = [];
  let number = params.first;
  const isOver = (): boolean => signal.aborted || performance.now() >= untilMs;
  // One turn at least.
  for (let round = 0; number === params.first || !isOver(); round++) {
    await openSalon({ world, round });
    if (round === 0) await warmUp({ world });
    do {
      const turn = drawTurn({ seed, number: number++, kinds, cast });
      onProgress({ kind: "began", turn });
      const one = await playTurn({ world, turn, cast });
      if (signal.aborted) break;
      played.push(one);
      findings.push(...one.failures.map((what) => ({ turn: turn.number, what })));
      onProgress({ kind: "played", played: one });
    } while (!isOver() && (number - params.first) % TURNS_PER_ROUND !== 0);
    if (signal.aborted) break;
    const found = (await compare({ world })).map((what) => ({ turn: number - 1, what }));
    findings.push(...found);
    onProgress({ kind: "settled", findings: found });
  }
  const { ledger, logged } = world;
  return {
    ...{ played, findings, skipped, messages: ledger.said.size },
    outcomes: Object.fromEntries(ledger.outcomes),
    refused: Object.fromEntries(ledger.refused),
    logged: Object.fromEntries(logged),
  };
}

/** Before the first fault all has to be well. */
async function warmUp({ world }: { world: World }): Promise<void> {
  const { allMs, orderMs } = await awaitRecovery({ world, endMs: performance.now(), turn: 0 });
  if (allMs !== undefined && orderMs !== undefined) return;
  throw new WeftError({ code: "not-ready", message: "not everybody reads everybody, before any fault" });
}

async function compare({ world }: { world: World }): Promise<string[]> {
  const before = world.failures.length;
  const groups: GroupId[] = [world.hall, world.talk?.salon].filter((group) => group !== undefined);
  await hush({ world });
  const found = await settle({ world, groups });
  return [...withCounts(world.failures.slice(before)), ...found];
}

function playable(params: { world: World; kinds: readonly FaultKind[] }) {
  const { world, kinds } = params;
  const hasDisks = [...world.nodes, ...world.people].every(({ disk }) => disk !== undefined);
  const skipped: readonly FaultKind[] = hasDisks
    ? []
    : kinds.filter((kind) => kind === "fill-node" || kind === "fill-client");
  const left = kinds.filter((kind) => !skipped.includes(kind));
  if (left.length > 0) return { kinds: left, skipped };
  const message = "no disk can be filled here: a small file system may not be mounted";
  throw new WeftError({ code: "bad-config", message });
}
