import { openHpke, sealHpke, xwingKem } from "../crypto/hpke.ts";
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
  const topic = welcomeTopic(params.installation);
  const { encapsulation, ciphertext } = sealHpke({
    kem: xwingKem,
    publicKey: params.wrapperKey,
    info,
    aad: topic,
    plaintext: pad(encodeWelcome(params.welcome)),
  });
  return buildWelcomeEnvelope({ topic, encapsulatedKey: encapsulation, ciphertext });
}

export type UnwrapOutcome =
  | { readonly kind: "welcome"; readonly welcome: Welcome; readonly own: OwnKeyPackage }
  /** Sealed to somebody else of the bucket, or junk. */
  | { readonly kind: "not-mine" }
  /** Sealed to this installation, but no Welcome. */
  | { readonly kind: "malformed" };

/** Tries to open what lies in the bucket with each key package that is still kept. Never throws. */
export function unwrapWelcome(params: {
  envelope: Envelope;
  keyPackages: readonly OwnKeyPackage[];
}): UnwrapOutcome {
  const sealed = catchFault(() => decodeWelcomePayload(params.envelope));
  if (sealed instanceof WeftError) return { kind: "not-mine" };
  for (const own of params.keyPackages) {
    const padded = openHpke({
      kem: xwingKem,
      privateKey: own.wrapperSeed,
      encapsulation: sealed.encapsulatedKey,
      info,
      aad: params.envelope.topic,
      ciphertext: sealed.ciphertext,
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
