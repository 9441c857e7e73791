import { isWeftError } from "../../src/errors.ts";
import { openPublishShares, publishRatesOf } from "../../src/node/publishShares.ts";
import { openRelayBudget } from "../../src/node/relaying/relayBudget.ts";
import type { NodeSettings } from "../../src/node/settings/nodeSettings.ts";
import { type Envelope, envelopeCost } from "../../src/wire/envelope.ts";
import { LEAST_ENVELOPE_COST } from "../../src/wire/limits.ts";
import { groupInfoTopic, groupTopic } from "../../src/wire/topic.ts";
import { testGroup } from "../../test/support/testGroup.ts";

/** What these settings give one address that takes all it gets for an hour, while nobody else asks. */
export type OneHour = {
  readonly gasAtOnce: number;
  readonly gas: number;
  /** Where gas is so dear that the coin is what ends. */
  readonly coins: number;
  /** Of messages, and of Welcomes, group infos and key packages, as they count where they are shared out. */
  readonly publishedBytes: number;
};

const HOUR_SECONDS = 3_600;
const STEP_SECONDS = 2;
/** Of a call that it has relayed. */
const GAS_PER_CALL = 100_000;
/** A price of gas at which the bound in coin is the one that counts. */
const DEAR_GWEI = 50;
const CALLER = "hostile";

/** Asks what keeps the limits, under a clock that moves by hand: the burst at once, then as much as comes back. */
export function oneHour(settings: NodeSettings): OneHour {
  const { gas, gasAtOnce } = spendingOf({ settings, gweiPerGas: 0 });
  const { coins } = spendingOf({ settings, gweiPerGas: DEAR_GWEI });
  return { gas, gasAtOnce, coins, publishedBytes: bytesOf(settings) };
}

function spendingOf(params: {
  settings: NodeSettings;
  gweiPerGas: number;
}): Pick<OneHour, "gas" | "gasAtOnce" | "coins"> {
  const { settings, gweiPerGas } = params;
  const { relayGasPerHour: gasPerHour, newcomerGasPerHour, relayGweiPerHour: gweiPerHour } = settings;
  let nowMs = 0;
  let subjects = 0;
  const budget = openRelayBudget({ gasPerHour, newcomerGasPerHour, gweiPerHour, nowMs: () => nowMs });
  const isRelayed = (): boolean => {
    try {
      // Each time below another entry of its own, so that only the address counts.
      const subject = `entry ${subjects++}`;
      using reservation = budget.reserve({ caller: CALLER, subject, isNewcomer: false, gas: GAS_PER_CALL });
      reservation.resize({ gas: GAS_PER_CALL, gwei: GAS_PER_CALL * gweiPerGas });
      reservation.keep();
      return true;
    } catch (error) {
      if (isWeftError(error, "over-budget")) return false;
      throw error;
    }
  };
  let gas = 0;
  let gasAtOnce = 0;
  for (let second = 0; second < HOUR_SECONDS; second += STEP_SECONDS) {
    nowMs = second * 1_000;
    while (isRelayed()) gas += GAS_PER_CALL;
    if (second === 0) gasAtOnce = gas;
  }
  return { gas, gasAtOnce, coins: (gas * gweiPerGas) / 1e9 };
}

function bytesOf(settings: NodeSettings): number {
  let nowMs = 0;
  const shares = openPublishShares({ rates: publishRatesOf(settings), nowMs: () => nowMs });
  const topics = [groupTopic(testGroup().group), groupInfoTopic(new Uint8Array(32))];
  const envelopes: Envelope[] = topics.map((topic) => ({
    topic,
    payload: new Uint8Array(LEAST_ENVELOPE_COST - topic.length),
  }));
  let bytes = 0;
  for (let second = 0; second < HOUR_SECONDS; second += STEP_SECONDS) {
    nowMs = second * 1_000;
    for (const envelope of envelopes) {
      for (; !shares.refusal({ caller: CALLER, envelope }); bytes += envelopeCost(envelope)) {
        shares.take({ caller: CALLER, envelope });
      }
    }
  }
  return bytes;
}
