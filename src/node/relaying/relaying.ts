import type { Chain } from "../../chain/provider/chain.ts";
import { formatCoin } from "../../chain/submit/coin.ts";
import { openRelayer, type Relayer } from "../../chain/submit/openRelayer.ts";
import { steadyMs } from "../../clock/steadyMs.ts";
import { WeftError } from "../../errors.ts";
import type { Hex, NodeId } from "../../wire/ids.ts";
import type { NodeSettings } from "../settings/nodeSettings.ts";
import { EMPTY_PURSE, type Purse, spendableWei } from "./purse.ts";
import { openRelayBudget, type RelayBudget } from "./relayBudget.ts";

/** How this node brings what clients hand it to the chain: by an account of its own, within a budget. */
export type Relaying = {
  readonly chain: Chain;
  readonly node: NodeId;
  /** The network's time. */
  readonly networkMs: () => number;
  readonly policy: NodeSettings["relayPolicy"];
  /** The share of the newcomers' part at which work begins to be asked. */
  readonly workFrom: number;
  /** Pays for clients; the operator's account pays for the node, and neither waits for the other. */
  readonly relayer: Relayer;
  readonly operator: Relayer;
  readonly budget: RelayBudget;
  readonly purse: Purse;
  /** What stays in the relaying account. */
  readonly floorWei: bigint;
  /** Gas of all that was sent since the start. */
  spentGas: number;
};

const WEI_PER_GWEI = 1_000_000_000n;

type Settings = Pick<
  NodeSettings,
  "relayPolicy" | "relayGasPerHour" | "newcomerGasPerHour" | "relayFloorGwei" | "workFrom" | "maxFeeGwei"
>;

export function openRelaying(params: {
  chain: Chain;
  node: NodeId;
  operator: Relayer;
  relayKey: Hex;
  settings: Settings;
  networkMs: () => number;
}): Relaying {
  const { chain, node, operator, relayKey, settings, networkMs } = params;
  const { relayPolicy, relayGasPerHour, newcomerGasPerHour, relayFloorGwei, workFrom, maxFeeGwei } = settings;
  return {
    ...{ chain, node, networkMs, operator, workFrom, policy: relayPolicy },
    relayer: openRelayer({ privateKey: relayKey, maxFeeGwei }),
    budget: openRelayBudget({ gasPerHour: relayGasPerHour, newcomerGasPerHour, nowMs: steadyMs }),
    purse: { ...EMPTY_PURSE },
    floorWei: weiOf(relayFloorGwei),
    spentGas: 0,
  };
}

export function weiOf(gwei: number): bigint {
  return BigInt(gwei) * WEI_PER_GWEI;
}

/**
 * Says why nothing is relayed at all; undefined: nothing keeps the node from it. What does not land is the account's
 * `trouble`.
 */
export function relayingTrouble(relaying: Relaying): WeftError | undefined {
  const { policy, relayer, purse, floorWei } = relaying;
  if (policy === "closed") {
    return new WeftError({ code: "relay-closed", message: "this node pays for nobody" });
  }
  if (purse.balanceWei === undefined || spendableWei({ relayer, purse }) > floorWei) return undefined;
  return floorReached(relaying);
}

export function floorReached({ chain, relayer, floorWei }: Relaying): WeftError {
  const account = `the relaying account ${relayer.address} on chain ${chain.network.chainId}`;
  const message = `${account} is down to the ${formatCoin(floorWei)} that stay in it`;
  return new WeftError({ code: "unfunded", message });
}
