import { randomBytes } from "#crypto";
import { WeftError } from "../../../errors.ts";
import { toHex } from "../../../wire/ids.ts";
import { credentialsOf, type Passkey, pageDomain } from "./passkey.ts";

/** ECDSA on P-256 with SHA-256 (COSE). */
const ES256 = -7;
const RANDOM_BYTES = 32;
/** A SubjectPublicKeyInfo of P-256 ends with the point: 4, x, y. */
const SPKI_BYTES = 91;
const KEY_BYTES = 64;

/**
 * Has the browser make a passkey, for this page's domain unless told; the person confirms it with a finger, a face or a
 * PIN. Keep what it gives: the key can be had later only by two signatures (`findPasskey`). Throws `no-passkey` if the
 * person declines, or the browser has no passkeys on P-256 whose user is verified.
 */
export async function createPasskey(params: {
  /** What the person sees when choosing a passkey. */
  name: string;
  /** The app's name; the domain unless told. */
  app?: string;
  domain?: string;
  signal?: AbortSignal;
}): Promise<Passkey> {
  const { name, domain = pageDomain(), app = domain, signal } = params;
  const credentials = credentialsOf();
  const made = await credentials
    .create({
      publicKey: {
        rp: { id: domain, name: app },
        user: { id: Uint8Array.from(randomBytes(RANDOM_BYTES)), name, displayName: name },
        challenge: Uint8Array.from(randomBytes(RANDOM_BYTES)),
        pubKeyCredParams: [{ type: "public-key", alg: ES256 }],
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
      },
      ...(signal ? { signal } : {}),
    })
    .catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new WeftError({ code: "no-passkey", message: "the browser made no passkey", cause });
    });
  const { rawId, response } = made as PublicKeyCredential;
  const spki = new Uint8Array((response as AuthenticatorAttestationResponse).getPublicKey() ?? []);
  if (spki.length !== SPKI_BYTES) {
    throw new WeftError({ code: "no-passkey", message: "the passkey has no key on P-256" });
  }
  return { id: toHex(new Uint8Array(rawId)), key: toHex(spki.subarray(-KEY_BYTES)), domain };
}
