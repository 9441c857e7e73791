import type { Random } from "../../test/search/random.ts";
import { createRandom } from "../../test/search/random.ts";
import { providerMoods } from "./openProvider.ts";

/** What can go wrong, in which ways, with how many of whom at once, and for how long. */
const plans = {
  "kill-node": plan({ who: "nodes", most: 3, seconds: [0, 12] }),
  "kill-client": plan({ who: "clients", most: 5, seconds: [0, 12] }),
  "stop-node": plan({ who: "nodes", most: 2, seconds: [3, 30] }),
  "stop-client": plan({ who: "clients", most: 3, seconds: [3, 30] }),
  "slow-node": plan({ who: "nodes", most: 2, hows: ["100", "500", "2000"], seconds: [5, 20] }),
  "slow-client": plan({ who: "clients", most: 2, hows: ["100", "500", "2000"], seconds: [5, 20] }),
  "cut-node": plan({ who: "nodes", most: 2, hows: ["closed", "silent"], seconds: [3, 30] }),
  "cut-client": plan({ who: "clients", most: 3, hows: ["closed", "silent"], seconds: [3, 30] }),
  "cut-mesh": plan({ who: "nodes", most: 1, hows: ["closed", "silent"], seconds: [3, 20] }),
  "fill-node": plan({ who: "nodes", most: 2, seconds: [5, 20] }),
  "fill-client": plan({ who: "clients", most: 2, seconds: [5, 20] }),
  "skew-node": plan({
    who: "nodes",
    most: 1,
    hows: ["-7200", "-90", "90", "3600", "8640000"],
    seconds: [5, 20],
  }),
  "skew-client": plan({
    who: "clients",
    most: 2,
    hows: ["-7200", "-90", "90", "3600", "8640000"],
    seconds: [5, 20],
  }),
  provider: plan({ who: "nodes", most: 2, hows: providerMoods, seconds: [5, 40] }),
  "stall-chain": plan({ who: "chain", most: 0, seconds: [3, 25] }),
  "reorganize-chain": plan({ who: "chain", most: 0, hows: ["1", "3", "8", "20"], seconds: [0, 2] }),
} as const;

export type FaultKind = keyof typeof plans;
export const faultKinds = Object.keys(plans) as FaultKind[];

/** One fault: `on` are indexes of nodes or clients, `how` says which variant of its kind it is. */
export type Fault = {
  readonly kind: FaultKind;
  readonly on: readonly number[];
  readonly how: string;
  readonly seconds: number;
};

/** What is played at once, and the number that it has in the order that follows from the seed. */
export type Turn = { readonly number: number; readonly faults: readonly [Fault, ...Fault[]] };

export type Cast = { readonly nodes: readonly string[]; readonly clients: readonly string[] };

/** Two faults at once, in so many of all turns. */
const TWO_AT_ONCE = 0.2;

type Plan = {
  readonly who: "nodes" | "clients" | "chain";
  readonly most: number;
  readonly hows: readonly string[];
  readonly seconds: readonly [least: number, most: number];
};

function plan(given: Omit<Plan, "hows"> & { hows?: readonly string[] }): Plan {
  return { hows: [""], ...given };
}

/** The turn of that number, from 0: each depends on seed, kinds and number only, and all kinds come equally often. */
export function drawTurn(params: {
  seed: number;
  number: number;
  kinds: readonly FaultKind[];
  cast: Cast;
}): Turn {
  const { seed, number, kinds, cast } = params;
  const round = Math.floor(number / kinds.length);
  const order = createRandom(seed + 7_919 * round).shuffle(kinds);
  const random = createRandom(seed + 104_729 * (number + 1));
  const [kind = "kill-node", ...others] = [
    ...order.slice(number % kinds.length),
    ...order.slice(0, number % kinds.length),
  ];
  const first = drawFault({ random, kind, cast });
  const second = random.chance(TWO_AT_ONCE) ? random.pick(others) : undefined;
  if (second === undefined) return { number, faults: [first] };
  return { number, faults: [first, drawFault({ random, kind: second, cast })] };
}

function drawFault(params: { random: Random; kind: FaultKind; cast: Cast }): Fault {
  const { random, kind, cast } = params;
  const { who, most, hows, seconds }: Plan = plans[kind];
  const everybody = who === "chain" ? [] : cast[who].map((_, index) => index);
  // One is more likely than two, two than three.
  const count = 1 + Math.min(random.below(most + 1), random.below(Math.max(1, most)));
  const on = random.shuffle(everybody).slice(0, Math.min(count, most)).sort();
  const [least, longest] = seconds;
  const drawn = least + (longest - least) * random.next() ** 2;
  return { kind, on, how: random.pick(hows) ?? "", seconds: Math.round(drawn * 10) / 10 };
}

/** For people. */
export function tellTurn({ turn, cast }: { turn: Turn; cast: Cast }): string {
  return turn.faults.map((fault) => tellFault(fault, cast)).join(" + ");
}

function tellFault(fault: Fault, cast: Cast): string {
  const { who }: Plan = plans[fault.kind];
  const names = who === "chain" ? [] : fault.on.map((index) => cast[who][index] ?? String(index));
  return [fault.kind, names.join(", "), fault.how].filter((word) => word !== "").join(" ");
}

/** Kinds by name, or by the beginning of their names: "kill" is both kinds of it. Empty for a word that names none. */
export function kindsNamed(word: string): FaultKind[] {
  return faultKinds.filter(
    (kind) => kind === word || kind.startsWith(`${word}-`) || kind.endsWith(`-${word}`),
  );
}
