import { encodeFunctionData } from "viem";
import type { Hex } from "../wire/ids.ts";
import { toHex } from "../wire/ids.ts";
import { MAX_ENTRY_PAYLOAD_BYTES } from "../wire/limits.ts";
import { commitLogAbi } from "./abi/commitLog.ts";
import type { Append } from "./append.ts";
import type { Chain } from "./chain.ts";
import type { Relayer } from "./openRelayer.ts";
import { decodeRevert, type Refusal, refusal, refusalOf } from "./refusal.ts";
import { submitCall } from "./submitCall.ts";

/** `submitted`: on its way, see `waitForTransaction`; `exists`: whoever sent it has succeeded. */
export type AppendOutcome =
  | { readonly kind: "submitted"; readonly transaction: Hex }
  | { readonly kind: "stale"; readonly children: number }
  | { readonly kind: "exists" }
  | Refusal;

/** First byte of a sealed entry (docs/protocol.md, "Payload"). */
const ENTRY_VERSION = 0x01;

/**
 * Sends an append, unless a simulation on top of the mempool says that it can't land: a lost race costs nothing.
 * Throws `chain-unreachable`, `limit-exceeded`, `unfunded`; the signal's reason if it aborts.
 */
export async function relayAppend(params: {
  chain: Chain;
  relayer: Relayer;
  append: Append;
  signal?: AbortSignal | undefined;
}): Promise<AppendOutcome> {
  const { chain, relayer, append, signal } = params;
  const { group, parent, limit, authority, payload, signature } = append;
  const refused = refusePayload(payload);
  if (refused !== undefined) return refused;
  const data = encodeFunctionData({
    abi: commitLogAbi,
    functionName: "append",
    args: [group, parent, limit, authority, toHex(payload), toHex(signature)],
  });
  const outcome = await submitCall({ chain, relayer, to: chain.network.commitLog, data, signal });
  if (outcome.kind === "submitted") return outcome;
  const error = decodeRevert({ abi: commitLogAbi, data: outcome.data });
  switch (error?.errorName) {
    case "Stale":
      return { kind: "stale", children: error.args[0] };
    case "Exists":
      return { kind: "exists" };
    default:
      return refusalOf({ error, data: outcome.data });
  }
}

/** What belongs to the mesh (an MLS PrivateMessage, a GroupEnvelope, …) must not be on a chain for ever. */
function refusePayload(payload: Uint8Array): Refusal | undefined {
  if (payload.length > MAX_ENTRY_PAYLOAD_BYTES) {
    return refusal({ code: "too-large", message: `a payload of ${payload.length} bytes` });
  }
  if (payload[0] === ENTRY_VERSION) return undefined;
  return refusal({ code: "mesh-payload-on-chain", message: "the payload is not a sealed entry" });
}
