import type { Logger } from "pino";
import { formatCoin } from "../../chain/submit/coin.ts";
import { submitCall } from "../../chain/submit/submitCall.ts";
import { countTransactions } from "../../chain/submit/tendTransactions.ts";
import { waitForTransaction } from "../../chain/submit/waitForTransaction.ts";
import { readPurse } from "./readPurse.ts";
import type { Relaying } from "./relaying.ts";

/** The operator's account has to hold ten times what it gives: the node's own calls come first. */
const OPERATOR_MULTIPLE = 10n;
const LANDS_WITHIN_MS = 60_000;

/**
 * Gives coin from the operator's account to a relaying account that was never used, so that an operator who has funded
 * one account has a node that relays. It happens once: what is used up later is not given again. A fault is logged and
 * keeps the node from nothing.
 */
export async function fundRelaying(params: {
  relaying: Relaying;
  startWei: bigint;
  logger: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { relaying, startWei, logger, signal } = params;
  const { chain, operator, relayer } = relaying;
  if (startWei === 0n || relaying.policy === "closed") return;
  try {
    await readPurse({ ...relaying, signal });
    const { balanceWei = 0n, operatorWei = 0n } = relaying.purse;
    if (balanceWei > 0n || operatorWei < startWei * OPERATOR_MULTIPLE) return;
    if ((await countTransactions({ chain, relayer, block: "pending", signal })) > 0) return;
    const gift = { to: relayer.address, data: "0x", valueWei: startWei } as const;
    const outcome = await submitCall({ chain, relayer: operator, ...gift, signal });
    if (outcome.kind === "reverted") return;
    const { transaction } = outcome;
    const { kind } = await waitForTransaction({ chain, transaction, timeoutMs: LANDS_WITHIN_MS, signal });
    await readPurse({ ...relaying, signal });
    const about = { account: relayer.address, transaction: kind };
    logger.info(about, `the relaying account is given ${formatCoin(startWei)}`);
  } catch (error) {
    if (!signal.aborted) logger.warn({ err: error }, "the relaying account was given nothing");
  }
}
