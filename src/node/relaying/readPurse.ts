import type { Chain } from "../../chain/provider/chain.ts";
import { readBalance } from "../../chain/read/readBalance.ts";
import type { Relayer } from "../../chain/submit/openRelayer.ts";
import { steadyMs } from "../../clock/steadyMs.ts";
import type { Purse } from "./purse.ts";

/** Reads what both accounts hold into the purse. Throws `chain-unreachable`. */
export async function readPurse(params: {
  chain: Chain;
  operator: Relayer;
  relayer: Relayer;
  purse: Purse;
  signal?: AbortSignal | undefined;
}): Promise<void> {
  const { chain, operator, relayer, purse, signal } = params;
  const [operatorWei, balanceWei] = await Promise.all(
    [operator, relayer].map(({ address }) => readBalance({ chain, address, signal })),
  );
  Object.assign(purse, { operatorWei, balanceWei, readAtMs: steadyMs() });
}
