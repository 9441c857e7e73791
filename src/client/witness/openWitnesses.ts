import { isWeftError } from "../../errors.ts";
import type { ProxyChoice } from "../../net/proxy.ts";
import type { Network } from "../../wire/network.ts";
import { openEndpoint } from "./endpoint.ts";
import { createWitnesses, type Witnesses, type WitnessParams } from "./witnesses.ts";

/** What an app says of witnesses when it opens a client. */
export type ChosenWitnesses = readonly { readonly rpcUrl: string }[] | "one-operator";

/** An endpoint that does not answer within this time is checked when it is first asked. */
const CHECK_MS = 2_000;

/** Opens a client's witnesses. Throws `wrong-chain` if an endpoint that answers is of another chain. */
export async function openWitnesses(
  params: Omit<WitnessParams, "endpoints" | "isOneOperatorEnough"> & {
    chosen: ChosenWitnesses | undefined;
    network: Network;
    proxy?: ProxyChoice;
    /** False: no endpoint is asked yet. */
    online: boolean;
    signal: AbortSignal;
  },
): Promise<Witnesses> {
  const { chosen = [], network, proxy, online, links, finalityBlocks, secret, onLie } = params;
  const named = chosen === "one-operator" ? [] : chosen;
  const endpoints = named.map(({ rpcUrl }) => openEndpoint({ rpcUrl, network, proxy }));
  const signal = AbortSignal.any([params.signal, AbortSignal.timeout(CHECK_MS)]);
  const check = async ({ check: run }: (typeof endpoints)[number]): Promise<void> => {
    try {
      await run(signal);
    } catch (error) {
      params.signal.throwIfAborted();
      if (isWeftError(error, "wrong-chain")) throw error;
    }
  };
  if (online) await Promise.all(endpoints.map(check));
  const isOneOperatorEnough = chosen === "one-operator";
  return createWitnesses({ links, finalityBlocks, secret, onLie, endpoints, isOneOperatorEnough });
}
