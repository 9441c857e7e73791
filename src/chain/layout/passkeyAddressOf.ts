import { concatHex, getContractAddress, toHex as numberToHex } from "viem";
import { WeftError } from "../../errors.ts";
import { type Address, asAddress, ID_BYTES, toHex } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";

/** The code of a clone with arguments, before and after the address of what it is a clone of (OpenZeppelin's Clones). */
const CLONE = ["0x3d81600a3d39f3363d3d373d3d3d363d73", "0x5af43d82803e903d91602b57fd5bf3"] as const;
const CLONE_BYTES = 45;
const KEY_BYTES = 64;
const NO_SALT = new Uint8Array(ID_BYTES);

/**
 * Computes the address of a passkey's wallet, whether it is there or not, as `PasskeyWallets.walletOf` does; the key is
 * x ‖ y. Throws `bad-config` for a network without passkeys' wallets, `malformed` for a key of another length.
 */
export function passkeyAddressOf(params: {
  network: Pick<Network, "passkeyWallets">;
  passkey: Uint8Array;
}): Address {
  const { network, passkey } = params;
  const { passkeyWallets: from } = network;
  if (from === undefined) {
    const hint =
      "Take the address file of a network that was deployed with PasskeyWallets, or another wallet.";
    throw new WeftError({ code: "bad-config", message: "the network has no passkeys' wallets", hint });
  }
  if (passkey.length !== KEY_BYTES) {
    throw new WeftError({ code: "malformed", message: `a passkey of ${passkey.length} bytes` });
  }
  const [before, after] = CLONE;
  const implementation = getContractAddress({ from, nonce: 1n });
  const length = numberToHex(passkey.length + CLONE_BYTES, { size: 2 });
  const bytecode = concatHex(["0x61", length, before, implementation, after, toHex(passkey)]);
  return asAddress(getContractAddress({ opcode: "CREATE2", from, salt: NO_SALT, bytecode }));
}
