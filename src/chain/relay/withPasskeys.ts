import { encodeFunctionData } from "viem";
import { getCode } from "viem/actions";
import { consentsOf, type IdentityAction } from "../../wire/identityAction.ts";
import { type Address, type Hex, toHex } from "../../wire/ids.ts";
import { passkeyWalletsAbi } from "../abi/passkeyWallets.ts";
import { passkeyAddressOf } from "../layout/passkeyAddressOf.ts";
import type { Chain } from "../provider/chain.ts";
import { readCall } from "../read/readCall.ts";
import { type Refusal, refusal } from "../submit/refusal.ts";

const COORDINATE_BYTES = 32;

/**
 * Gives the call that brings a record to the registry: straight, or by way of PasskeyWallets if passkeys' wallets that
 * sign it are still to be made. Refuses keys that are not those of their wallets. Throws `chain-unreachable`.
 */
export async function withPasskeys(params: {
  chain: Chain;
  action: IdentityAction;
  /** The call of the registry. */
  data: Hex;
}): Promise<{ readonly to: Address; readonly data: Hex } | Refusal> {
  const { chain, action, data } = params;
  const { network } = chain;
  const keys: { x: Hex; y: Hex }[] = [];
  for (const { signer, passkey } of consentsOf(action)) {
    if (passkey === undefined) continue;
    if (network.passkeyWallets === undefined || passkeyAddressOf({ network, passkey }) !== signer) {
      return refusal({ code: "malformed", message: "the passkey is not that of the wallet" });
    }
    const code = await readCall({
      what: "a wallet's code",
      read: getCode(chain.client, { address: signer, blockTag: "pending" }),
    });
    if (code !== undefined) continue;
    const [x, y] = [passkey.subarray(0, COORDINATE_BYTES), passkey.subarray(COORDINATE_BYTES)];
    keys.push({ x: toHex(x), y: toHex(y) });
  }
  const to = network.identityRegistry;
  if (network.passkeyWallets === undefined || keys.length === 0) return { to, data };
  const args = [keys, to, data] as const;
  const call = encodeFunctionData({ abi: passkeyWalletsAbi, functionName: "createAndCall", args });
  return { to: network.passkeyWallets, data: call };
}
