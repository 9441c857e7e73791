import type { Logger } from "pino";
import type { Chain } from "../chain/provider/chain.ts";
import type { Relayer } from "../chain/submit/openRelayer.ts";
import { TEND_MS, tendTransactions } from "../chain/submit/tendTransactions.ts";
import { type ChainHub, everyChange } from "./chainHub.ts";

/** The longest pause between two looks: a provider that stands still tells of no block. */
const LOOK_MS = 3_000;

/**
 * Looks after the transactions that an account has sent, at every block, and logs what keeps them from landing. Ends
 * when the signal aborts.
 */
export async function keepTransactions(params: {
  chain: Chain;
  relayer: Relayer;
  hub: ChainHub;
  logger: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { chain, relayer, hub, logger, signal } = params;
  let told: string | undefined;
  for await (const _ of everyChange({ hub, ms: LOOK_MS, restMs: TEND_MS, signal })) {
    try {
      await tendTransactions({ chain, relayer, signal });
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ err: error }, "what was sent could not be looked after; trying again");
    }
    const { trouble } = relayer;
    if (trouble?.code !== told && trouble !== undefined) logger.warn(trouble, "transactions do not land");
    if (trouble === undefined && told !== undefined) logger.info({}, "transactions land again");
    told = trouble?.code;
  }
}
