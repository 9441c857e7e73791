import { p256PublicKey } from "#crypto";
import { nodeIdOf } from "../../chain/layout/nodeIdOf.ts";
import type { Chain } from "../../chain/provider/chain.ts";
import { openChain } from "../../chain/provider/openChain.ts";
import type { RegistryOutcome } from "../../chain/registry/callNodeRegistry.ts";
import { leaveNode } from "../../chain/registry/leaveNode.ts";
import { withdrawBond } from "../../chain/registry/withdrawBond.ts";
import { openRelayer } from "../../chain/submit/openRelayer.ts";
import type { Refusal } from "../../chain/submit/refusal.ts";
import { waitForTransaction } from "../../chain/submit/waitForTransaction.ts";
import { WeftError } from "../../errors.ts";
import type { Address, NodeId } from "../../wire/ids.ts";
import { loadNodeKeys } from "../nodeKeys.ts";
import { readNetwork } from "../readNetwork.ts";
import type { NodeSettings } from "../settings/nodeSettings.ts";

export type Retired = { readonly node: NodeId; readonly operator: Address };

const TIMEOUT_MS = 120_000;

/**
 * Takes a node out of the registry. `leave`: the node is out of the network for good, and its bond can be withdrawn
 * after the registry's delay; `withdraw`: the bond goes back to the operator's account. Resolves when the call is in a
 * block. Throws `not-allowed` for what the registry refuses, `not-ready` if it is too early or the call does not land,
 * and what the chain throws.
 */
export async function retireNode(params: {
  settings: Pick<NodeSettings, "networkFile" | "dataDir" | "rpcUrl" | "operatorKey" | "maxFeeGwei">;
  act: "leave" | "withdraw";
  signal: AbortSignal;
}): Promise<Retired> {
  const { settings, act, signal } = params;
  const network = await readNetwork(settings.networkFile);
  const keys = await loadNodeKeys({ ...settings, relayKey: undefined });
  const chain = await openChain({ rpcUrl: settings.rpcUrl, network, signal });
  const operator = openRelayer({ privateKey: keys.operator, maxFeeGwei: settings.maxFeeGwei });
  const node = nodeIdOf({ operator: operator.address, signingKey: p256PublicKey(keys.signing) });
  const call = { chain, operator, relayer: operator, node };
  await landed({
    chain,
    outcome: act === "leave" ? await leaveNode(call) : await withdrawBond(call),
    signal,
  });
  return { node, operator: operator.address };
}

/** Makes an error of a refusal, with the end of the registry's delay as a date. */
function refusal(outcome: Refusal): WeftError {
  const [, seconds] = /^TooEarly\((\d+)\)/.exec(outcome.message) ?? [];
  if (seconds === undefined) return new WeftError(outcome);
  const date = new Date(Number(seconds) * 1_000).toISOString();
  const hint = "Say it again then; until then the bond answers for what the node has signed.";
  return new WeftError({ code: "not-ready", message: `the bond can be withdrawn from ${date} on`, hint });
}

async function landed(params: {
  chain: Chain;
  outcome: RegistryOutcome;
  signal: AbortSignal;
}): Promise<void> {
  const { chain, outcome, signal } = params;
  if (outcome.kind === "exists") return;
  if (outcome.kind === "refused") throw refusal(outcome);
  const { transaction } = outcome;
  const { kind } = await waitForTransaction({ chain, transaction, timeoutMs: TIMEOUT_MS, signal });
  signal.throwIfAborted();
  if (kind === "mined") return;
  const message = kind === "pending" ? `${transaction} is in no block yet` : `${transaction} has failed`;
  throw new WeftError({ code: "not-ready", message, hint: "Look at it on the chain before you try again." });
}
