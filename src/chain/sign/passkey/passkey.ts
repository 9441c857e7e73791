import { WeftError } from "../../../errors.ts";
import type { Hex } from "../../../wire/ids.ts";

/** What an app keeps of a passkey, and may show to anybody: the browser or its device has the private key. */
export type Passkey = {
  /** The credential's id, by which the browser finds it. */
  readonly id: Hex;
  /** Its P-256 key: x ‖ y, 64 bytes. */
  readonly key: Hex;
  /** The domain (RP ID) whose pages may ask for it. */
  readonly domain: string;
};

/** The credentials of the browser. Throws `no-passkey` where there are none. */
export function credentialsOf(): CredentialsContainer {
  const { credentials } = globalThis.navigator ?? {};
  if (credentials !== undefined) return credentials;
  throw new WeftError({ code: "no-passkey", message: "there are no passkeys here" });
}

/** The domain of the page. */
export function pageDomain(): string {
  return globalThis.location?.hostname ?? "";
}
