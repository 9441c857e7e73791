import { randomBytes, sha256 } from "#crypto";
import { concatBytes } from "../../../crypto/concatBytes.ts";
import { recoverP256 } from "../../../crypto/recoverP256.ts";
import { WeftError } from "../../../errors.ts";
import { type Hex, toHex } from "../../../wire/ids.ts";
import { type Assertion, askPasskey } from "./askPasskey.ts";
import { type Passkey, pageDomain } from "./passkey.ts";

const CHALLENGE_BYTES = 32;

/**
 * Finds a passkey of which this device keeps nothing, such as one that the browser has synced from another device: the
 * person chooses it, and signs twice, since one signature leaves two keys possible. Throws `no-passkey` if the person
 * declines.
 */
export async function findPasskey(params: { domain?: string; signal?: AbortSignal } = {}): Promise<Passkey> {
  const { domain = pageDomain(), signal } = params;
  const challenge = () => randomBytes(CHALLENGE_BYTES);
  const first = await askPasskey({ domain, challenge: challenge(), signal });
  const { id } = first;
  const second = await askPasskey({ domain, id, challenge: challenge(), signal });
  const others = new Set(keysOf(second));
  const [key] = keysOf(first).filter((one) => others.has(one));
  if (key !== undefined) return { id, key, domain };
  throw new WeftError({ code: "no-passkey", message: "the passkey has no key on P-256" });
}

/** Lists the keys that might have signed. */
function keysOf({ authenticatorData, clientData, signature }: Assertion): readonly Hex[] {
  const digest = sha256(concatBytes(authenticatorData, sha256(clientData)));
  return recoverP256({ digest, signature }).map(toHex);
}
