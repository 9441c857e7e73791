import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { wallMs } from "../clock/wallMs.ts";
import { judgeClock } from "./judgeClock.ts";
import type { NodeTime } from "./nodeTime.ts";
import type { Readiness } from "./readiness.ts";

const LOOK_MS = 1_000;
/**
 * So many looks in a row have to agree: after a sleep, or when somebody sets the clock, blocks and peers tell a moment
 * later.
 */
const LOOKS = 3;

/**
 * Makes the node unready while its clock is wrong: the node signs by the chain's time, but what else goes by that clock
 * (certificates, lines of its log) can't be relied on. Ends when the signal aborts.
 */
export async function keepClock(params: {
  time: NodeTime;
  readiness: Readiness;
  logger: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { time, readiness, logger, signal } = params;
  let found: { isWrong: boolean; looks: number } = { isWrong: false, looks: 0 };
  let told: string | undefined;
  while (!signal.aborted) {
    const chain = time.chain();
    const reason = chain?.isFresh
      ? judgeClock({ wallMs: wallMs(), chainMs: chain.timeMs, peersMs: time.peerClocks() })
      : told;
    const isWrong = reason !== undefined;
    found = { isWrong, looks: isWrong === found.isWrong ? found.looks + 1 : 1 };
    if (found.looks >= LOOKS && isWrong !== (told !== undefined)) {
      if (isWrong) logger.error({ reason }, "this node's clock is wrong: it is not ready until it is right");
      else logger.info({}, "this node's clock is right again");
      told = reason;
      readiness.tell({ clock: told });
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}
