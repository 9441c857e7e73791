import { encodeAbiParameters } from "viem";
import { fromHex, type Hex, toHex } from "../../../wire/ids.ts";
import type { Network } from "../../../wire/network.ts";
import { passkeyAddressOf } from "../../layout/passkeyAddressOf.ts";
import { digestOf } from "../digestOf.ts";
import type { Wallet } from "../wallet.ts";
import { type Assertion, askPasskey } from "./askPasskey.ts";
import type { Passkey } from "./passkey.ts";

const WORD_BYTES = 32;

/** The fields of WebAuthnAuth in OpenZeppelin's WebAuthn.sol. */
const webAuthnAuth = [
  { name: "r", type: "bytes32" },
  { name: "s", type: "bytes32" },
  { name: "challengeIndex", type: "uint256" },
  { name: "typeIndex", type: "uint256" },
  { name: "authenticatorData", type: "bytes" },
  { name: "clientDataJSON", type: "bytes" },
] as const;

/**
 * Makes the wallet of a passkey: a contract whose address follows from the key, and which is made with the first record
 * that the passkey signs, at the cost of whoever relays that. Each signature is a dialog of the browser. Throws
 * `bad-config` for a network without passkeys' wallets, `malformed` for what is no passkey.
 */
export function walletFromPasskey(params: { passkey: Passkey; network: Network }): Wallet {
  const { id, key, domain } = params.passkey;
  const passkey = fromHex(key);
  return {
    address: passkeyAddressOf({ network: params.network, passkey }),
    passkey,
    signTypedData: async (data) =>
      encodeAssertion(await askPasskey({ id, domain, challenge: digestOf(data) })),
  };
}

/** Encodes a passkey's signature as its wallet's contract takes it. */
export function encodeAssertion({ authenticatorData, clientData, signature }: Assertion): Hex {
  const json = new TextDecoder().decode(clientData);
  return encodeAbiParameters(webAuthnAuth, [
    toHex(signature.subarray(0, WORD_BYTES)),
    toHex(signature.subarray(WORD_BYTES)),
    BigInt(Math.max(0, json.indexOf('"challenge":"'))),
    BigInt(Math.max(0, json.indexOf('"type":"webauthn.get"'))),
    toHex(authenticatorData),
    toHex(clientData),
  ]);
}
