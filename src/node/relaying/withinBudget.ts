import type { Permit } from "../../chain/submit/submitCall.ts";
import { steadyMs } from "../../clock/steadyMs.ts";
import { isWeftError, type WeftError } from "../../errors.ts";
import { maximum } from "../../wire/bigintOrder.ts";
import type { RelayOutcome } from "../../wire/relayOutcome.ts";
import { spendableWei } from "./purse.ts";
import { readPurse } from "./readPurse.ts";
import { floorOf, floorReached, gweiOf, type Relaying, relayingTrouble } from "./relaying.ts";

/** How old the last look at the account may be when it pays. */
const PURSE_AGE_MS = 1_000;

/**
 * Sends a call if the node's policy, its account and the caller's shares have room for it: first by an estimate, then
 * by what the chain says that it takes. A call without room costs no question to the chain.
 */
export async function withinBudget(params: {
  relaying: Relaying;
  /** The name by which limits count the caller. */
  caller: string;
  /** What is built on: an entry, a group's root, an inbox. */
  subject: string;
  isNewcomer: boolean;
  /** An estimate of what it takes. */
  gas: number;
  send: (permit: Permit) => Promise<RelayOutcome>;
}): Promise<RelayOutcome> {
  const { relaying, send } = params;
  const trouble = relayingTrouble(relaying);
  if (trouble !== undefined) return refused(trouble);
  try {
    using reservation = relaying.budget.reserve(params);
    let spent = { gas: 0n, wei: 0n };
    const outcome = await send(async ({ gas, wei, wholeWei }) => {
      spent = { gas, wei };
      relaying.feeWei = wei / maximum(gas, 1n);
      reservation.resize({ gas: Number(gas), gwei: gweiOf(wei) });
      await requireFunds({ relaying, wei: wholeWei });
    });
    if (outcome.kind === "submitted") {
      reservation.keep();
      relaying.spentGas += Number(spent.gas);
      relaying.spentWei += spent.wei;
    }
    return outcome;
  } catch (error) {
    if (isWeftError(error, "over-budget") || isWeftError(error, "unfunded")) return refused(error);
    throw error;
  }
}

function refused({ code, hint, retryAfterMs }: WeftError): RelayOutcome {
  return { kind: "refused", code, hint, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** Throws `unfunded` for a call that would take the account below its floor. */
async function requireFunds(params: { relaying: Relaying; wei: bigint }): Promise<void> {
  const { relaying, wei } = params;
  const { purse } = relaying;
  if (purse.readAtMs + PURSE_AGE_MS < steadyMs()) await readPurse(relaying);
  if (spendableWei(relaying) - wei < floorOf(relaying)) throw floorReached(relaying);
}
