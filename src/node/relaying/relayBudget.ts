import { WeftError } from "../../errors.ts";
import { createTokenBuckets, type Rate } from "../../rpc/rateLimit.ts";
import { openFairPool } from "../fairPool.ts";

/** The gas that a node spends on others. */
export type RelayBudget = {
  /** Sets gas aside for a call. Throws `over-budget` with the time to wait. */
  readonly reserve: (params: Asked & { gas: number }) => Reservation;
  /** Gas that is left, of all and of the newcomers' part, and what that part holds at most. */
  readonly left: () => { readonly all: number; readonly newcomers: number; readonly newcomersAtMost: number };
};

type Asked = {
  /** The name by which limits count the caller. */
  readonly caller: string;
  /** What is built on: an entry, a group's root, an inbox. */
  readonly subject: string;
  /** True for what has nothing on the chain yet. */
  readonly isNewcomer: boolean;
};

/** Gas that is set aside. Disposing gives back what is not kept. */
export type Reservation = Disposable & {
  /** The call takes more gas, or less, than was thought. Throws `over-budget`, and then holds what it held. */
  readonly resize: (gas: number) => void;
  /** The call is on its way: its gas is spent. */
  readonly keep: () => void;
};

type Limit = {
  readonly what: string;
  readonly key: string;
  readonly fits: (params: { key: string; cost: number }) => boolean;
  readonly take: (params: { key: string; cost: number }) => void;
  readonly giveBack: (params: { key: string; cost: number }) => void;
  readonly waitMs: (params: { key: string; cost: number }) => number;
};

/** The part of the whole budget for what builds on one entry, or concerns one inbox: a removed member has no more. */
const SUBJECT_PART = 1 / 20;
const SECONDS_PER_HOUR = 3_600;

/** Opens an hour's gas, of which each address, all newcomers and each subject have a share. */
export function openRelayBudget(params: {
  gasPerHour: number;
  newcomerGasPerHour: number;
  nowMs: () => number;
}): RelayBudget {
  const { gasPerHour, newcomerGasPerHour, nowMs } = params;
  const all = openFairPool({ ...hourly(gasPerHour), nowMs });
  const newcomerRate = hourly(newcomerGasPerHour);
  const newcomers = openFairPool({ ...newcomerRate, nowMs });
  const subjects = openSubjects({ ...hourly(gasPerHour * SUBJECT_PART), nowMs });
  const limitsOf = ({ caller, subject, isNewcomer }: Asked): Limit[] => [
    ...(isNewcomer ? [{ ...newcomers, key: caller, what: "The newcomers' part" }] : []),
    { ...subjects, key: subject, what: "The part of this entry or inbox" },
    { ...all, key: caller, what: "This address's part" },
  ];
  const take = (limits: readonly Limit[], cost: number): void => {
    const full = limits.find(({ fits, key }) => !fits({ key, cost }));
    if (full !== undefined) {
      const { what, key } = full;
      throw overBudget({ what, waitMs: full.waitMs({ key, cost }) });
    }
    for (const { take, key } of limits) take({ key, cost });
  };
  const reserve: RelayBudget["reserve"] = ({ gas, ...asked }) => {
    const limits = limitsOf(asked);
    let held = gas;
    take(limits, gas);
    const release = (cost: number): void => {
      for (const { giveBack, key } of limits) giveBack({ key, cost });
    };
    return {
      resize: (now) => {
        if (now > held) take(limits, now - held);
        else release(held - now);
        held = now;
      },
      keep: () => {
        held = 0;
      },
      [Symbol.dispose]: () => release(held),
    };
  };
  const newcomersAtMost = newcomerRate.burst;
  return { reserve, left: () => ({ all: all.left(), newcomers: newcomers.left(), newcomersAtMost }) };
}

/** Half of the gas can be spent at once, and the rest comes in the course of the hour: no hour takes more. */
function hourly(perHour: number): Rate {
  return { burst: perHour / 2, perSecond: perHour / 2 / SECONDS_PER_HOUR };
}

function openSubjects(
  params: Rate & { nowMs: () => number },
): Pick<Limit, Exclude<keyof Limit, "what" | "key">> {
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
