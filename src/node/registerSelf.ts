import type { Logger } from "pino";
import type { Chain } from "../chain/provider/chain.ts";
import { readBond } from "../chain/read/readBond.ts";
import { type NodeState, readNode } from "../chain/read/readNode.ts";
import type { RegistryOutcome } from "../chain/registry/callNodeRegistry.ts";
import { registerNode } from "../chain/registry/registerNode.ts";
import { setNodeAddresses } from "../chain/registry/setNodeAddresses.ts";
import { setNodeShards } from "../chain/registry/setNodeShards.ts";
import { formatCoin } from "../chain/submit/coin.ts";
import type { Relayer } from "../chain/submit/openRelayer.ts";
import { waitForTransaction } from "../chain/submit/waitForTransaction.ts";
import { steadyMs } from "../clock/steadyMs.ts";
import { waitMs } from "../clock/waitMs.ts";
import { equalBytes } from "../crypto/equalBytes.ts";
import { isWeftError, WeftError } from "../errors.ts";
import type { NodeAddresses } from "../wire/chainRecord.ts";
import type { NodeId } from "../wire/ids.ts";
import { shardsIn } from "../wire/shards.ts";

const REGISTRATION_TIMEOUT_MS = 120_000;
/**
 * After this time the registration is looked for in the registry and, if it is not there, sent again: its transaction
 * may be lost, or replaced by another.
 */
const LOOK_AGAIN_MS = 15_000;
const LOOK_MS = 1_000;
const FIRST_GENERATION = 1;

export type Registration = {
  /** The present generation of the node's logs, as the chain has it. */
  readonly generation: number;
  /** True if the node was registered just now: nobody can hold anything of its log. */
  readonly isNew: boolean;
};

/**
 * Sees to it that the registry names this node, its shards and its addresses; resolves when the registration is in a
 * block. Throws `unfunded` with the account to fund, `not-allowed` for a node that left, `not-ready` if the
 * registration does not land, `chain-unreachable`.
 */
export async function registerSelf(params: {
  chain: Chain;
  operator: Relayer;
  node: NodeId;
  /** P-256, 32 bytes. */
  signingKey: Uint8Array;
  /** The shards that it serves: bit n for shard n. */
  shards: bigint;
  addresses: NodeAddresses;
  logger: Logger;
  signal: AbortSignal;
}): Promise<Registration> {
  const { chain, operator, node, signingKey, shards, addresses, logger } = params;
  const known = await readNode({ chain, node });
  if (known?.active === false) {
    const message = `the node ${node} has left the registry or was disabled`;
    throw new WeftError({
      code: "not-allowed",
      message,
      hint: "Start with an empty data directory: a new node.",
    });
  }
  if (known !== undefined) {
    if (!isReachedSo({ known, addresses })) await announce(params);
    if (known.shards !== shards) await announceShards(params);
    return { generation: Number(known.generation), isNew: false };
  }
  logger.info({ operator: operator.address }, "registering this node");
  const signingPrivateKey = signingKey;
  const call = () => {
    const sent = registerNode({ chain, operator, signingPrivateKey, shards, addresses });
    return funded({ chain, operator, bonded: true, call: sent });
  };
  const outcome = await call();
  if (outcome.kind !== "exists") await landed({ ...params, outcome, call });
  return { generation: FIRST_GENERATION, isNew: outcome.kind === "submitted" };
}

/** Sends new addresses and does not wait for the block: they matter to those who look for the node, not to the node. */
async function announce(params: {
  chain: Chain;
  operator: Relayer;
  node: NodeId;
  addresses: NodeAddresses;
  logger: Logger;
}): Promise<void> {
  const { addresses, logger } = params;
  const { multiaddrs, httpAddress } = addresses;
  logger.info({ multiaddrs, httpAddress }, "registering new addresses");
  const outcome = await funded({ ...params, bonded: false, call: setNodeAddresses(params) });
  if (outcome.kind === "refused") throw new WeftError(outcome);
}

/** Registers which shards the node serves from now on. Throws `unfunded`, and the registry's refusal. */
export async function announceShards(params: {
  chain: Chain;
  operator: Relayer;
  node: NodeId;
  shards: bigint;
  logger: Logger;
}): Promise<void> {
  const { shards, logger } = params;
  logger.info({ shards: shardsIn(shards) }, "registering which shards this node serves");
  const outcome = await funded({ ...params, bonded: false, call: setNodeShards(params) });
  if (outcome.kind === "refused") throw new WeftError(outcome);
}

/** Resolves once the registry has the node, by any of its transactions. */
async function landed(params: {
  chain: Chain;
  node: NodeId;
  outcome: RegistryOutcome;
  call: () => Promise<RegistryOutcome>;
  signal: AbortSignal;
}): Promise<void> {
  const { chain, node, call, signal } = params;
  const endMs = steadyMs() + REGISTRATION_TIMEOUT_MS;
  let { outcome } = params;
  while (steadyMs() < endMs) {
    if (outcome.kind === "refused") throw new WeftError(outcome);
    if (outcome.kind === "submitted") {
      const { transaction } = outcome;
      const result = await waitForTransaction({ chain, transaction, timeoutMs: LOOK_AGAIN_MS, signal });
      signal.throwIfAborted();
      if (result.kind === "mined") return;
    }
    if ((await readNode({ chain, node })) !== undefined) return;
    if (outcome.kind === "exists") await waitMs({ ms: LOOK_MS, signal });
    signal.throwIfAborted();
    outcome = await call();
  }
  const message = "the registration of this node does not land";
  throw new WeftError({ code: "not-ready", message, hint: "Look at the chain, then start the node again." });
}

async function funded<T>(params: {
  chain: Chain;
  operator: Relayer;
  /** True if the bond is to be paid, too. */
  bonded: boolean;
  call: Promise<T>;
}): Promise<T> {
  const { chain, operator, bonded, call } = params;
  try {
    return await call;
  } catch (error) {
    if (!isWeftError(error, "unfunded")) throw error;
    const { chainId } = chain.network;
    const amount = bonded ? `${formatCoin(await readBond({ chain }))} (the bond) and some gas` : "some gas";
    throw new WeftError({
      code: "unfunded",
      message: `the operator ${operator.address} can't pay for the registration`,
      hint: `Send ${amount} to ${operator.address} on chain ${chainId}, then start the node again.`,
      cause: error,
    });
  }
}

function isReachedSo(params: { known: NodeState; addresses: NodeAddresses }): boolean {
  const { known, addresses } = params;
  return (
    known.httpAddress === addresses.httpAddress &&
    known.multiaddrs.join() === addresses.multiaddrs.join() &&
    equalBytes(known.peerId, addresses.peerId) &&
    equalBytes(known.peerProof, addresses.peerProof)
  );
}
