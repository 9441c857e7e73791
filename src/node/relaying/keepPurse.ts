import type { Logger } from "pino";
import { type ChainHub, everyChange } from "../chainHub.ts";
import { readPurse } from "./readPurse.ts";
import { type Relaying, relayingTrouble } from "./relaying.ts";

/** How often the accounts are looked at: while blocks come, and while none do. */
const LOOK_MS = 5_000;
const STILL_MS = 30_000;

/** Watches what the accounts hold, and logs when the relaying account is at its floor. Ends when the signal aborts. */
export async function keepPurse(params: {
  relaying: Relaying;
  hub: ChainHub;
  logger: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { relaying, hub, logger, signal } = params;
  let told: string | undefined;
  for await (const _ of everyChange({ hub, ms: STILL_MS, restMs: LOOK_MS, signal })) {
    try {
      await readPurse({ ...relaying, signal });
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ err: error }, "the accounts could not be looked at; trying again");
    }
    const trouble = relayingTrouble(relaying);
    if (trouble?.code !== told && trouble !== undefined)
      logger.warn({ code: trouble.code, hint: trouble.hint }, `nothing is relayed: ${trouble.message}`);
    if (trouble === undefined && told !== undefined) logger.info({}, "the node relays again");
    told = trouble?.code;
  }
}
