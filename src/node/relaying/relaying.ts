import type { Chain } from "../../chain/provider/chain.ts";
import { type AppendQueue, openAppendQueue } from "../../chain/relay/appendQueue.ts";
import { formatAbout } from "../../chain/submit/coin.ts";
import { openRelayer, type Relayer } from "../../chain/submit/openRelayer.ts";
import { steadyMs } from "../../clock/steadyMs.ts";
import { WeftError } from "../../errors.ts";
import { maximum } from "../../wire/bigintOrder.ts";
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
  /** Sends entries by the relayer, those that wait together. */
  readonly append: AppendQueue;
  readonly operator: Relayer;
  readonly budget: RelayBudget;
  readonly purse: Purse;
  /** What stays in the relaying account at least: see `floorOf`. */
  readonly floorWei: bigint;
  /** What was offered for a unit of gas the last time. */
  feeWei: bigint;
  /** Gas of all that was sent since the start, and what was offered for it. */
  spentGas: number;
  spentWei: bigint;
};

const WEI_PER_GWEI = 1_000_000_000n;
/** The account keeps what so much gas costs, so that a few stuck transactions can be replaced also where gas is dear. */
const FLOOR_GAS = 1_000_000n;

type Settings = Pick<
  NodeSettings,
  | "relayPolicy"
  | "relayGasPerHour"
  | "newcomerGasPerHour"
  | "relayGweiPerHour"
  | "relayFloorGwei"
  | "workFrom"
  | "maxFeeGwei"
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
  const { relayPolicy, workFrom, maxFeeGwei, newcomerGasPerHour } = settings;
  const { relayGasPerHour: gasPerHour, relayGweiPerHour: gweiPerHour } = settings;
  const relayer = openRelayer({ privateKey: relayKey, maxFeeGwei });
  return {
    ...{ chain, node, networkMs, operator, relayer, workFrom, policy: relayPolicy },
    append: openAppendQueue({ chain, relayer }),
    budget: openRelayBudget({ gasPerHour, newcomerGasPerHour, gweiPerHour, nowMs: steadyMs }),
    purse: { ...EMPTY_PURSE },
    floorWei: weiOf(settings.relayFloorGwei),
    ...{ feeWei: 0n, spentGas: 0, spentWei: 0n },
  };
}

export function weiOf(gwei: number): bigint {
  return BigInt(gwei) * WEI_PER_GWEI;
}

/** Rounds up: what costs anything counts. */
export function gweiOf(wei: bigint): number {
  return Number((wei + WEI_PER_GWEI - 1n) / WEI_PER_GWEI);
}

/** Gives what stays in the relaying account at the price of gas as it was offered last. */
export function floorOf({ floorWei, feeWei }: Pick<Relaying, "floorWei" | "feeWei">): bigint {
  return maximum(floorWei, feeWei * FLOOR_GAS);
}

/**
 * Says why nothing is relayed at all; undefined: nothing keeps the node from it. What does not land is the account's
 * `trouble`.
 */
export function relayingTrouble(relaying: Relaying): WeftError | undefined {
  const { policy, relayer, purse } = relaying;
  if (policy === "closed") {
    return new WeftError({ code: "relay-closed", message: "this node pays for nobody" });
  }
  if (purse.balanceWei === undefined || spendableWei({ relayer, purse }) > floorOf(relaying))
    return undefined;
  return floorReached(relaying);
}

export function floorReached(relaying: Relaying): WeftError {
  const { chain, relayer } = relaying;
  const account = `the relaying account ${relayer.address} on chain ${chain.network.chainId}`;
  const message = `${account} is down to the ${formatAbout(floorOf(relaying))} that stay in it`;
  return new WeftError({ code: "unfunded", message });
}
