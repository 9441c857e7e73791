import { openHpke, sealHpke, xwingKem } from "../crypto/hpke.ts";
import { encapsulateXwing } from "../crypto/xwing.ts";
import { zero } from "../crypto/zero.ts";
import { WeftError } from "../errors.ts";
import { utf8 } from "../wire/bytes.ts";
import { catchFault } from "../wire/catchFault.ts";
import type { Envelope } from "../wire/envelope.ts";
import { type InstallationKey, toHex } from "../wire/ids.ts";
import { pad, unpad } from "../wire/padme.ts";
import { welcomeTopic } from "../wire/topic.ts";
import { decodeWelcome, encodeWelcome, type Welcome } from "../wire/welcome.ts";
import { buildWelcomeEnvelope, decodeWelcomePayload } from "../wire/welcomePayload.ts";
import type { OwnKeyPackage } from "./createKeyPackageRecord.ts";
import { ownViewTag, viewTagOf } from "./viewTag.ts";

const info = utf8("weft.welcome.v1");

/**
 * Seals a Welcome to one recipient's wrapper key and puts it into its bucket, with a proof of work: neither sender,
 * group nor fellow recipients show. Throws `malformed` for an unusable wrapper key.
 */
export function wrapWelcome(params: {
  welcome: Welcome;
  installation: InstallationKey;
  wrapperKey: Uint8Array;
}): Envelope {
  const { welcome, installation, wrapperKey } = params;
  const topic = welcomeTopic(installation);
  const plaintext = pad(encodeWelcome(welcome));
  return buildWelcomeEnvelope({ topic, ...sealToWrapper({ topic, wrapperKey, plaintext }) });
}

/**
 * Seals bytes to a wrapper key (HPKE, RFC 9180, with X-Wing) with their view tag. Throws `malformed` for an unusable
 * wrapper key.
 */
export function sealToWrapper(params: { topic: Uint8Array; wrapperKey: Uint8Array; plaintext: Uint8Array }): {
  encapsulatedKey: Uint8Array;
  ciphertext: Uint8Array;
  viewTag: number;
} {
  const { topic, wrapperKey, plaintext } = params;
  const shared = encapsulateXwing({ publicKey: wrapperKey });
  if (!shared) throw new WeftError({ code: "malformed", message: "unusable wrapper key" });
  const kem = { ...xwingKem, encapsulate: () => shared };
  const { encapsulation, ciphertext } = sealHpke({ kem, publicKey: wrapperKey, info, aad: topic, plaintext });
  const viewTag = viewTagOf({ topic, encapsulation, x25519Secret: shared.x25519Secret });
  zero(shared.x25519Secret);
  return { encapsulatedKey: encapsulation, ciphertext, viewTag };
}

export type UnwrapOutcome =
  | { readonly kind: "welcome"; readonly welcome: Welcome; readonly own: OwnKeyPackage }
  /** Sealed to somebody else of the bucket, or junk. */
  | { readonly kind: "not-mine" }
  /** Sealed to this installation, but no Welcome. */
  | { readonly kind: "malformed" };

/** Tries to open what lies in the bucket with each key package that is still kept and whose tag fits. Never throws. */
export function unwrapWelcome(params: {
  envelope: Envelope;
  keyPackages: readonly OwnKeyPackage[];
}): UnwrapOutcome {
  const sealed = catchFault(() => decodeWelcomePayload(params.envelope));
  if (sealed instanceof WeftError) return { kind: "not-mine" };
  const { topic } = params.envelope;
  const { encapsulatedKey: encapsulation, ciphertext, viewTag } = sealed;
  for (const own of params.keyPackages) {
    if (ownViewTag({ topic, encapsulation, wrapperSeed: own.wrapperSeed }) !== viewTag) continue;
    const padded = openHpke({
      kem: xwingKem,
      privateKey: own.wrapperSeed,
      aad: topic,
      ...{ info, encapsulation, ciphertext },
    });
    if (padded) return readWelcome({ padded, own });
  }
  return { kind: "not-mine" };
}

function readWelcome(params: { padded: Uint8Array; own: OwnKeyPackage }): UnwrapOutcome {
  const { padded, own } = params;
  const welcome = catchFault(() => decodeWelcome(unpad(padded)));
  if (welcome instanceof WeftError || toHex(welcome.keyPackageHash) !== own.hash)
    return { kind: "malformed" };
  return { kind: "welcome", welcome, own };
}
