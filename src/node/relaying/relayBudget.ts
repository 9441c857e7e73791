import { WeftError } from "../../errors.ts";
import { createTokenBuckets, type Rate } from "../../rpc/rateLimit.ts";
import { openFairPool } from "../fairPool.ts";

/** The gas, and the coin, that a node spends on others. */
export type RelayBudget = {
  /** Sets gas aside for a call. Throws `over-budget` with the time to wait. */
  readonly reserve: (params: Asked & { gas: number }) => Reservation;
  /**
   * Gas that is left, of all and of the newcomers' part, and what that part holds at most; coin that is left, undefined
   * if there is no bound.
   */
  readonly left: () => {
    readonly all: number;
    readonly newcomers: number;
    readonly newcomersAtMost: number;
    readonly gwei: number | undefined;
  };
};

type Asked = {
  /** The name by which limits count the caller. */
  readonly caller: string;
  /** What is built on: an entry, a group's root, an inbox. */
  readonly subject: string;
  /** True for what has nothing on the chain yet. */
  readonly isNewcomer: boolean;
};

/** Gas and coin that are set aside. Disposing gives back what is not kept. */
export type Reservation = Disposable & {
  /** What the call takes, once the chain has said it. Throws `over-budget`, and then holds what it held. */
  readonly resize: (costs: Costs) => void;
  /** The call is on its way: what it takes is spent. */
  readonly keep: () => void;
};

/** What a call takes at most: gas, and coin at the price that is offered. */
type Costs = { readonly gas: number; readonly gwei: number };

type Limit = {
  readonly what: string;
  readonly unit: keyof Costs;
  readonly key: string;
  readonly fits: (params: { key: string; cost: number }) => boolean;
  readonly take: (params: { key: string; cost: number }) => void;
  readonly giveBack: (params: { key: string; cost: number }) => void;
  readonly waitMs: (params: { key: string; cost: number }) => number;
};

/** The part of the whole budget for what builds on one entry, or concerns one inbox: a removed member has no more. */
const SUBJECT_PART = 1 / 20;
const SECONDS_PER_HOUR = 3_600;

/**
 * Opens an hour's gas, of which each address, all newcomers and each subject have a share, and an hour's coin, of which
 * each address has one: where gas becomes dear, the coin is used up before the gas. 0 gwei: no bound in coin.
 */
export function openRelayBudget(params: {
  gasPerHour: number;
  newcomerGasPerHour: number;
  gweiPerHour: number;
  nowMs: () => number;
}): RelayBudget {
  const { gasPerHour, newcomerGasPerHour, gweiPerHour, nowMs } = params;
  const all = openFairPool({ ...hourly(gasPerHour), nowMs });
  const coin = gweiPerHour === 0 ? undefined : openFairPool({ ...hourly(gweiPerHour), nowMs });
  const newcomerRate = hourly(newcomerGasPerHour);
  const newcomers = openFairPool({ ...newcomerRate, nowMs });
  const subjects = openSubjects({ ...hourly(gasPerHour * SUBJECT_PART), nowMs });
  const limitsOf = ({ caller, subject, isNewcomer }: Asked): Limit[] => [
    ...(isNewcomer ? [{ ...newcomers, unit: "gas", key: caller, what: "The newcomers' part" } as const] : []),
    { ...subjects, unit: "gas", key: subject, what: "The part of this entry or inbox" },
    { ...all, unit: "gas", key: caller, what: "This address's part" },
    ...(coin ? [{ ...coin, unit: "gwei", key: caller, what: "This address's part in coin" } as const] : []),
  ];
  const change = (limits: readonly Limit[], from: Costs, to: Costs): void => {
    const changes = limits.map((limit) => ({ ...limit, cost: to[limit.unit] - from[limit.unit] }));
    const full = changes.find(({ fits, key, cost }) => cost > 0 && !fits({ key, cost }));
    if (full !== undefined) throw overBudget({ what: full.what, waitMs: full.waitMs(full) });
    for (const { take, giveBack, key, cost } of changes) {
      if (cost > 0) take({ key, cost });
      else giveBack({ key, cost: -cost });
    }
  };
  const reserve: RelayBudget["reserve"] = ({ gas, ...asked }) => {
    const limits = limitsOf(asked);
    let held: Costs = { gas, gwei: 0 };
    change(limits, NOTHING, held);
    return {
      resize: (costs) => {
        change(limits, held, costs);
        held = costs;
      },
      keep: () => {
        held = NOTHING;
      },
      [Symbol.dispose]: () => change(limits, held, NOTHING),
    };
  };
  const newcomersAtMost = newcomerRate.burst;
  return {
    reserve,
    left: () => ({ all: all.left(), newcomers: newcomers.left(), newcomersAtMost, gwei: coin?.left() }),
  };
}

const NOTHING: Costs = { gas: 0, gwei: 0 };

/** Half of it can be spent at once, and the rest comes in the course of the hour: no hour takes more. */
function hourly(perHour: number): Rate {
  return { burst: perHour / 2, perSecond: perHour / 2 / SECONDS_PER_HOUR };
}

function openSubjects(
  params: Rate & { nowMs: () => number },
): Pick<Limit, Exclude<keyof Limit, "what" | "key" | "unit">> {
  const { fits, owe, waitMs } = createTokenBuckets({ ...params, what: "gas" });
  return { fits, take: owe, giveBack: ({ key, cost }) => owe({ key, cost: -cost }), waitMs };
}

function overBudget(params: { what: string; waitMs: number }): WeftError {
  const { what, waitMs } = params;
  const isKnown = Number.isFinite(waitMs);
  const wait = isKnown ? `wait ${Math.ceil(waitMs / 1_000)} s, ` : "";
  return new WeftError({
    code: "over-budget",
    message: `${what} of what this node pays for others is used up`,
    hint: `Too much was relayed lately: ${wait}use another node, or pay by an account of your own.`,
    retryAfterMs: isKnown ? waitMs : undefined,
  });
}
