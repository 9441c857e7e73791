import { concatBytes } from "../../../crypto/concatBytes.ts";
import { WeftError } from "../../../errors.ts";
import { fromHex, type Hex, toHex } from "../../../wire/ids.ts";
import { credentialsOf } from "./passkey.ts";

/** What an authenticator has signed (WebAuthn, "assertion"), and its signature. */
export type Assertion = {
  /** The id of the passkey that signed. */
  readonly id: Hex;
  readonly authenticatorData: Uint8Array;
  /** JSON, with the challenge in it. */
  readonly clientData: Uint8Array;
  /** r ‖ s, 64 bytes, with the lower s of the two. */
  readonly signature: Uint8Array;
};

const WORD_BYTES = 32;
/** The order of P-256. */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * Asks the browser for a passkey's signature over a challenge, with the user verified. Throws `no-passkey` if the person
 * declines or the passkey is not there.
 */
export async function askPasskey(params: {
  domain: string;
  /** Undefined: any passkey of the domain, which the person chooses. */
  id?: Hex;
  challenge: Uint8Array;
  signal?: AbortSignal | undefined;
}): Promise<Assertion> {
  const { domain, id, challenge, signal } = params;
  const allowCredentials = id === undefined ? [] : [{ type: "public-key", id: fromHex(id) } as const];
  const given = await credentialsOf()
    .get({
      publicKey: {
        ...{ rpId: domain, allowCredentials, userVerification: "required" },
        challenge: Uint8Array.from(challenge),
      },
      ...(signal ? { signal } : {}),
    })
    .catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new WeftError({ code: "no-passkey", message: "the passkey did not sign", cause });
    });
  const { rawId, response } = given as PublicKeyCredential;
  const { authenticatorData, clientDataJSON, signature } = response as AuthenticatorAssertionResponse;
  return {
    id: toHex(new Uint8Array(rawId)),
    authenticatorData: new Uint8Array(authenticatorData),
    clientData: new Uint8Array(clientDataJSON),
    signature: fromDer(new Uint8Array(signature)),
  };
}

/**
 * Reads a signature in DER: 0x30, length, then twice 0x02, length, integer. Of the two signatures that are as good, the
 * one with the lower s is given, which contracts want. Throws `malformed`.
 */
export function fromDer(der: Uint8Array): Uint8Array {
  const [r, rest] = integerAt(der.subarray(2));
  const [s] = integerAt(rest);
  return concatBytes(word(r), word(s > N / 2n ? N - s : s));
}

function integerAt(bytes: Uint8Array): [bigint, Uint8Array] {
  const [tag, length = 0] = bytes;
  const value = bytes.subarray(2, 2 + length);
  const number = BigInt(toHex(value.length === 0 ? Uint8Array.of(0) : value));
  if (tag !== 2 || value.length !== length || number === 0n || number >= N) {
    throw new WeftError({ code: "malformed", message: "not a signature on P-256" });
  }
  return [number, bytes.subarray(2 + length)];
}

function word(value: bigint): Uint8Array {
  return fromHex(`0x${value.toString(16).padStart(2 * WORD_BYTES, "0")}`);
}
