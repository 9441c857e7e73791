import { create } from "@bufbuild/protobuf";
import { signEd25519, verifyEd25519 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { XWING_PUBLIC_KEY_LENGTH } from "../crypto/xwing.ts";
import { WeftError } from "../errors.ts";
import { KeyPackageRecordSchema } from "../gen/weft/v1/envelope_pb.ts";
import { safeNumber, utf8 } from "./bytes.ts";
import { checkLength, decodeStrict, encodeCanonical } from "./decodeStrict.ts";
import type { Envelope } from "./envelope.ts";
import { type Address, asAddress, asId, fromHex, type InboxId, type InstallationKey } from "./ids.ts";
import { keyPackageTopic } from "./topic.ts";

/** What an installation publishes so that others can add it to groups. */
export type KeyPackageRecord = {
  readonly chainId: number;
  readonly registry: Address;
  readonly inbox: InboxId;
  readonly installation: InstallationKey;
  /** The number of this key package: the installation's highest counts. */
  readonly generation: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  /** MLS KeyPackage, TLS encoding. */
  readonly keyPackage: Uint8Array;
  /** X-Wing public key, 1,216 bytes. */
  readonly wrapperKey: Uint8Array;
};

const MAX_RECORD_BYTES = 8 * 1024;
const SIGNATURE_BYTES = 64;

/** Signs a record with the installation's key and puts it on its topic. */
export function buildKeyPackageEnvelope(params: {
  record: KeyPackageRecord;
  installationPrivateKey: Uint8Array;
}): Envelope {
  const { record, installationPrivateKey: privateKey } = params;
  const unsigned = create(KeyPackageRecordSchema, {
    chainId: BigInt(record.chainId),
    registry: fromHex(record.registry),
    inbox: fromHex(record.inbox),
    installation: fromHex(record.installation),
    generation: BigInt(record.generation),
    expiresAt: BigInt(record.expiresAt),
    keyPackage: record.keyPackage,
    wrapperKey: record.wrapperKey,
  });
  const message = signedBytes(encodeCanonical(KeyPackageRecordSchema, unsigned));
  const signature = signEd25519({ privateKey, message });
  const payload = encodeCanonical(KeyPackageRecordSchema, { ...unsigned, signature });
  return { topic: keyPackageTopic(record.installation), payload };
}

/**
 * Reads a record and checks its signature and its topic; whether the registry lists the installation, and which
 * generation counts, is the caller's to judge. Throws `malformed`, `too-large` or `bad-signature`.
 */
export function decodeKeyPackageRecord(envelope: Envelope): KeyPackageRecord {
  const claimed = readKeyPackageRecord(envelope);
  if (isSigned(claimed)) return claimed.record;
  throw new WeftError({
    code: "bad-signature",
    message: "a key package record not signed by its installation",
  });
}

/** What an envelope on the record's own topic claims to be; its signature is not checked yet. */
export type ClaimedKeyPackage = {
  readonly record: KeyPackageRecord;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
};

/** True if the installation has signed the record: slow compared with reading it. */
export function isSigned({ record, signed, signature }: ClaimedKeyPackage): boolean {
  return verifyEd25519({ publicKey: fromHex(record.installation), message: signed, signature });
}

/**
 * Reads a record and does not check its signature. Throws `malformed`, `too-large`, or `bad-signature` for a record on
 * another topic.
 */
export function readKeyPackageRecord(envelope: Envelope): ClaimedKeyPackage {
  const message = decodeStrict({
    schema: KeyPackageRecordSchema,
    bytes: envelope.payload,
    maxBytes: MAX_RECORD_BYTES,
  });
  checkLength({ bytes: message.wrapperKey, length: XWING_PUBLIC_KEY_LENGTH, what: "a wrapper key" });
  checkLength({ bytes: message.signature, length: SIGNATURE_BYTES, what: "a key package's signature" });
  const record: KeyPackageRecord = {
    chainId: safeNumber(message.chainId),
    registry: asAddress(message.registry),
    inbox: asId(message.inbox),
    installation: asId(message.installation),
    generation: safeNumber(message.generation),
    expiresAt: safeNumber(message.expiresAt),
    keyPackage: message.keyPackage,
    wrapperKey: message.wrapperKey,
  };
  const signed = signedBytes(
    encodeCanonical(KeyPackageRecordSchema, { ...message, signature: new Uint8Array() }),
  );
  if (!keyPackageTopic(record.installation).every((byte, i) => byte === envelope.topic[i])) {
    throw new WeftError({ code: "bad-signature", message: "a key package record on another's topic" });
  }
  return { record, signed, signature: message.signature };
}

function signedBytes(unsigned: Uint8Array): Uint8Array {
  return concatBytes(utf8("weft.key-package.v1"), unsigned);
}
