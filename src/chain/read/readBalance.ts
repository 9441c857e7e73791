import type { Address } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import { readCall } from "./readCall.ts";

/** Reads what an account holds as of the chain's newest block, in wei. Throws `chain-unreachable`. */
export async function readBalance(params: {
  chain: Chain;
  address: Address;
  signal?: AbortSignal | undefined;
}): Promise<bigint> {
  const { chain, address, signal } = params;
  const read = chain.client.request(
    { method: "eth_getBalance", params: [address, "latest"] },
    signal === undefined ? {} : { signal },
  );
  return BigInt(await readCall({ what: "a balance", read }));
}
