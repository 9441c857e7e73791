import { hmacSha256 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { equalBytes } from "../crypto/equalBytes.ts";
import { openHpke, sealHpke, xwingKem } from "../crypto/hpke.ts";
import { xwingKeyPairFromSeed } from "../crypto/xwing.ts";
import { WeftError } from "../errors.ts";
import { utf8 } from "../wire/bytes.ts";
import { catchFault } from "../wire/catchFault.ts";
import {
  decodeHistoryKey,
  encodeHistoryKey,
  type HistoryKey,
  type HistoryPayload,
} from "../wire/historyPayload.ts";
import { fromHex, type InstallationKey } from "../wire/ids.ts";
import { historyRequestTopic } from "../wire/topic.ts";
import { spell, unspell } from "./spelling.ts";

type Request = Extract<HistoryPayload, { kind: "request" }>;
type Offer = Extract<HistoryPayload, { kind: "offer" }>;

/** 80 bits, sixteen letters: nobody guesses it, not even at leisure, from the tags that it makes. */
const CODE_BYTES = 10;
const info = utf8("weft.history.v1");

/**
 * Computes the code that a new device shows, of its installation key and the seed of an X-Wing key that it has drawn
 * for this one time. Only whoever sees the device knows the code.
 */
export function historyCode(params: { installation: InstallationKey; seed: Uint8Array }): Uint8Array {
  const { installation, seed } = params;
  const bytes = concatBytes(utf8("weft.history.code.v1"), fromHex(installation));
  return hmacSha256({ key: seed, bytes }).slice(0, CODE_BYTES);
}

export function spellCode(code: Uint8Array): string {
  return spell(code);
}

/** Reads a code as a person types it. Throws `wrong-code` for what is none. */
export function readCode(text: string): Uint8Array {
  const code = unspell(text, CODE_BYTES);
  if (code) return code;
  throw new WeftError({ code: "wrong-code", message: "that is no code of a device" });
}

/** Makes what a new device asks with. */
export function makeHistoryRequest(params: { installation: InstallationKey; seed: Uint8Array }): Request {
  const { publicKey } = xwingKeyPairFromSeed(params.seed);
  const tag = requestTag({ code: historyCode(params), installation: params.installation, publicKey });
  return { kind: "request", publicKey, tag };
}

/** True if a device that shows this code has asked so: no other device, whatever wallet it has. */
export function isRequestOf(params: {
  request: Request;
  installation: InstallationKey;
  code: Uint8Array;
}): boolean {
  const { request, installation, code } = params;
  return equalBytes(request.tag, requestTag({ code, installation, publicKey: request.publicKey }));
}

/** Answers a request, for the one device that has its key. Throws `malformed` for an unusable public key. */
export function makeHistoryOffer(params: {
  request: Request;
  installation: InstallationKey;
  code: Uint8Array;
  key: HistoryKey;
}): Offer {
  const { request, installation, code, key } = params;
  const { publicKey } = request;
  const aad = historyRequestTopic(installation);
  const plaintext = encodeHistoryKey(key);
  const sealed = sealHpke({ kem: xwingKem, publicKey, info, aad, plaintext });
  const { encapsulation: encapsulatedKey, ciphertext } = sealed;
  const tag = offerTag({ code, installation, encapsulatedKey, ciphertext });
  return { kind: "offer", encapsulatedKey, ciphertext, tag };
}

/**
 * Opens the answer of a device to which a person has told the code; undefined for anything else. Never throws: anybody
 * may answer.
 */
export function openHistoryOffer(params: {
  offer: Offer;
  installation: InstallationKey;
  seed: Uint8Array;
}): HistoryKey | undefined {
  const { offer, installation, seed: privateKey } = params;
  const { encapsulatedKey, ciphertext, tag } = offer;
  const code = historyCode({ installation, seed: privateKey });
  if (!equalBytes(tag, offerTag({ code, installation, encapsulatedKey, ciphertext }))) return undefined;
  const aad = historyRequestTopic(installation);
  const plaintext = openHpke({
    ...{ kem: xwingKem, privateKey, info, aad },
    ...{ encapsulation: encapsulatedKey, ciphertext },
  });
  const key = plaintext && catchFault(() => decodeHistoryKey(plaintext));
  return key instanceof WeftError ? undefined : key;
}

function requestTag(params: {
  code: Uint8Array;
  installation: InstallationKey;
  publicKey: Uint8Array;
}): Uint8Array {
  const { code: key, installation, publicKey } = params;
  return hmacSha256({
    key,
    bytes: concatBytes(utf8("weft.history.ask.v1"), fromHex(installation), publicKey),
  });
}

function offerTag(params: {
  code: Uint8Array;
  installation: InstallationKey;
  encapsulatedKey: Uint8Array;
  ciphertext: Uint8Array;
}): Uint8Array {
  const { code: key, installation, encapsulatedKey, ciphertext } = params;
  const bytes = concatBytes(
    utf8("weft.history.offer.v1"),
    fromHex(installation),
    encapsulatedKey,
    ciphertext,
  );
  return hmacSha256({ key, bytes });
}
