import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { passkeyAddressOf } from "../../src/chain/layout/passkeyAddressOf.ts";
import { digestOf } from "../../src/chain/sign/digestOf.ts";
import { type Assertion, fromDer } from "../../src/chain/sign/passkey/askPasskey.ts";
import { encodeAssertion } from "../../src/chain/sign/passkey/walletFromPasskey.ts";
import type { Wallet } from "../../src/chain/sign/wallet.ts";
import { toHex } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";

/** What an authenticator says by a bit: a person was there. */
export const USER_PRESENT = 1;
/** It has checked who that was. */
const USER_VERIFIED = 4;

type Saying = { readonly flags?: number; readonly type?: string };

/** A passkey without a browser: signs as an authenticator does (WebAuthn, section 7.2). */
export function softPasskey(domain = "localhost") {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const passkey = Uint8Array.from(Buffer.concat([x, y].map((part) => Buffer.from(part, "base64url"))));
  const id = toHex(randomBytes(16));
  const assert = (challenge: Uint8Array, saying: Saying = {}): Assertion => {
    const { flags = USER_PRESENT | USER_VERIFIED, type = "webauthn.get" } = saying;
    const rest = { challenge: Buffer.from(challenge).toString("base64url"), origin: `https://${domain}` };
    const clientData = Buffer.from(JSON.stringify({ type, ...rest, crossOrigin: false }));
    const authenticatorData = Buffer.concat([sha256(Buffer.from(domain)), Buffer.from([flags, 0, 0, 0, 1])]);
    const signed = Buffer.concat([authenticatorData, sha256(clientData)]);
    const signature = fromDer(sign("sha256", signed, privateKey));
    return { id, clientData, authenticatorData, signature };
  };
  const walletOn = (network: Network): Wallet => ({
    address: passkeyAddressOf({ network, passkey }),
    passkey,
    signTypedData: async (data) => encodeAssertion(assert(digestOf(data))),
  });
  return { passkey, assert, walletOn };
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
