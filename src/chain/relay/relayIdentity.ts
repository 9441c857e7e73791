import { encodeFunctionData } from "viem";
import type { Authorization, IdentityAction } from "../../wire/identityAction.ts";
import { type Hex, toHex } from "../../wire/ids.ts";
import { identityRegistryAbi as abi } from "../abi/identityRegistry.ts";
import { passkeyWalletsAbi } from "../abi/passkeyWallets.ts";
import { inboxIdOf } from "../layout/inboxIdOf.ts";
import type { Chain } from "../provider/chain.ts";
import { readInstallation } from "../read/readInstallation.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { decodeRevert, type Refusal, refusalOf } from "../submit/refusal.ts";
import { type Permit, submitCall } from "../submit/submitCall.ts";
import { withPasskeys } from "./withPasskeys.ts";

/** `submitted`: the transaction is on its way, see `waitForTransaction`; `exists`: the action's end is met already. */
export type IdentityOutcome =
  | { readonly kind: "submitted"; readonly transaction: Hex }
  | { readonly kind: "exists" }
  | Refusal;

/**
 * Sends a signed identity action, unless a simulation on top of the mempool says that it can't land. Throws as
 * `submitCall` does.
 */
export async function relayIdentity(params: {
  chain: Chain;
  relayer: Relayer;
  action: IdentityAction;
  permit?: Permit | undefined;
  signal?: AbortSignal | undefined;
}): Promise<IdentityOutcome> {
  const { chain, relayer, action, permit, signal } = params;
  if (action.kind === "revoke-installation") {
    const installation = await readInstallation({ chain, ...action, blockTag: "pending" });
    if (installation?.revokedBlock !== undefined) return { kind: "exists" };
  }
  const call = await withPasskeys({ chain, action, data: encode(action) });
  if ("kind" in call) return call;
  const outcome = await submitCall({ chain, relayer, ...call, permit, signal });
  if (outcome.kind === "submitted") return outcome;
  const error = decodeRevert({ abi: [...abi, ...passkeyWalletsAbi], data: outcome.data });
  if (error !== undefined && (await isDone({ chain, action, error }))) return { kind: "exists" };
  return refusalOf({ error, data: outcome.data });
}

/** True if a refusal means that the action, or one to the same end, was sent before. */
async function isDone(params: {
  chain: Chain;
  action: IdentityAction;
  error: { errorName: string; args?: readonly unknown[] | undefined };
}): Promise<boolean> {
  const { chain, action, error } = params;
  switch (error.errorName) {
    case "InboxExists": {
      if (action.kind !== "create-inbox") return false;
      const inbox = inboxIdOf({ wallet: action.wallet.signer, salt: action.salt });
      const { installation } = action;
      return (await readInstallation({ chain, inbox, installation, blockTag: "pending" })) !== undefined;
    }
    case "InstallationExists":
      return true;
    case "AlreadyLinked":
      return action.kind === "link-wallet" && error.args?.[1] === action.inbox;
    case "NotLinked":
      return action.kind === "unlink-wallet";
    default:
      return false;
  }
}

function encode(action: IdentityAction): Hex {
  switch (action.kind) {
    case "create-inbox": {
      const { salt, installation, installationSignature } = action;
      const args = [salt, installation, toHex(installationSignature), tupleOf(action.wallet)] as const;
      return encodeFunctionData({ abi, functionName: "register", args });
    }
    case "add-installation": {
      const { inbox, installation, installationSignature } = action;
      const args = [inbox, installation, toHex(installationSignature), tupleOf(action.wallet)] as const;
      return encodeFunctionData({ abi, functionName: "addInstallation", args });
    }
    case "revoke-installation": {
      const args = [action.inbox, action.installation, action.by, toHex(action.signature)] as const;
      return encodeFunctionData({ abi, functionName: "revokeInstallation", args });
    }
    case "link-wallet": {
      const args = [action.inbox, tupleOf(action.by), tupleOf(action.wallet)] as const;
      return encodeFunctionData({ abi, functionName: "linkWallet", args });
    }
    case "unlink-wallet": {
      const args = [action.inbox, action.wallet, tupleOf(action.by)] as const;
      return encodeFunctionData({ abi, functionName: "unlinkWallet", args });
    }
    case "set-recovery":
    case "veto-recovery": {
      const args = [action.inbox, action.recovery, tupleOf(action.by)] as const;
      const functionName = action.kind === "set-recovery" ? "setRecovery" : "vetoRecovery";
      return encodeFunctionData({ abi, functionName, args });
    }
  }
}

function tupleOf({ signer, nonce, deadline, signature }: Authorization) {
  return { signer, nonce, deadline, signature: toHex(signature) };
}
