import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import {
  type Addition,
  type AdditionSchema,
  type Consent,
  type ConsentSchema,
  type IdentityStep as IdentityStepMessage,
  IdentityStepSchema,
} from "../gen/weft/v1/identity_pb.ts";
import { decodeStrict, encodeCanonical } from "./decodeStrict.ts";
import type { IdentityStep, StepConsent } from "./identityStep.ts";
import { asAddress, asId, fromHex, type Hex, ID_BYTES, type InstallationKey, toHex } from "./ids.ts";

/** The contract takes numbers of 256 bits. */
const MAX_NUMBER_BYTES = 32;
/** A transaction has no room for a larger one. */
const MAX_STEP_BYTES = 256 * 1024;

/** Encodes a step in the one way that `decodeIdentityStep` accepts. */
export function encodeIdentityStep(step: IdentityStep): Uint8Array<ArrayBuffer> {
  return encodeCanonical(IdentityStepSchema, create(IdentityStepSchema, identityStepMessage(step)));
}

/** Reads a step. Throws `malformed` or `too-large` for bytes that `encodeIdentityStep` would not write. */
export function decodeIdentityStep(bytes: Uint8Array): IdentityStep {
  return identityStepFromMessage(
    decodeStrict({ schema: IdentityStepSchema, bytes, maxBytes: MAX_STEP_BYTES }),
  );
}

export function identityStepMessage(step: IdentityStep): MessageInitShape<typeof IdentityStepSchema> {
  const place = { block: BigInt(step.block), time: BigInt(step.time) };
  switch (step.kind) {
    case "create-inbox":
      return { ...place, action: { case: "created", value: additionMessage({ ...step }) } };
    case "add-installation":
      return { ...place, action: { case: "added", value: additionMessage({ ...step, salt: "0x" }) } };
    case "revoke-installation": {
      const { installation, by, signature } = step;
      const value = { installation: fromHex(installation), by: fromHex(by), signature };
      return { ...place, action: { case: "revoked", value } };
    }
    case "link-wallet": {
      const value = {
        wallet: fromHex(step.wallet),
        by: fromHex(step.by),
        walletConsent: consentMessage(step.walletConsent),
        byConsent: consentMessage(step.byConsent),
      };
      return { ...place, action: { case: "linked", value } };
    }
    case "unlink-wallet": {
      const value = {
        account: fromHex(step.wallet),
        by: fromHex(step.by),
        consent: consentMessage(step.consent),
      };
      return { ...place, action: { case: "unlinked", value } };
    }
    case "set-recovery": {
      const change = { recovery: fromHex(step.recovery), by: fromHex(step.by) };
      const value = { ...change, changesAt: BigInt(step.changesAt), consent: consentMessage(step.consent) };
      return { ...place, action: { case: "proposed", value } };
    }
    case "veto-recovery": {
      const account = fromHex(step.recovery);
      const value = { account, by: fromHex(step.by), consent: consentMessage(step.consent) };
      return { ...place, action: { case: "vetoed", value } };
    }
  }
}

/** Reads a step from a message. Throws `malformed` for a message that `identityStepMessage` does not make. */
export function identityStepFromMessage({ block, time, action }: IdentityStepMessage): IdentityStep {
  const place = { block: numberOf(block), time: numberOf(time) };
  switch (action.case) {
    case "created": {
      const { salt } = action.value;
      if (salt.length !== ID_BYTES) throw malformed("a salt of another length");
      return { ...place, kind: "create-inbox", salt: toHex(salt), ...additionOf(action.value) };
    }
    case "added":
      if (action.value.salt.length > 0) throw malformed("a salt where none belongs");
      return { ...place, kind: "add-installation", ...additionOf(action.value) };
    case "revoked": {
      const { installation, by, signature } = action.value;
      const named = { installation: asId<InstallationKey>(installation), by: asAddress(by) };
      return { ...place, kind: "revoke-installation", ...named, signature };
    }
    case "linked": {
      const { wallet, by, walletConsent, byConsent } = action.value;
      const consents = { walletConsent: consentOf(walletConsent), byConsent: consentOf(byConsent) };
      return { ...place, kind: "link-wallet", wallet: asAddress(wallet), by: asAddress(by), ...consents };
    }
    case "unlinked": {
      const { account, by, consent } = action.value;
      const named = { wallet: asAddress(account), by: asAddress(by) };
      return { ...place, kind: "unlink-wallet", ...named, consent: consentOf(consent) };
    }
    case "proposed": {
      const { recovery, by, changesAt, consent } = action.value;
      const named = { recovery: asAddress(recovery), by: asAddress(by), changesAt: numberOf(changesAt) };
      return { ...place, kind: "set-recovery", ...named, consent: consentOf(consent) };
    }
    case "vetoed": {
      const { account, by, consent } = action.value;
      const named = { recovery: asAddress(account), by: asAddress(by) };
      return { ...place, kind: "veto-recovery", ...named, consent: consentOf(consent) };
    }
    default:
      throw malformed("a step without an action");
  }
}

function additionMessage(
  step: Extract<IdentityStep, { readonly consent: StepConsent; readonly installation: Hex }> & { salt: Hex },
): MessageInitShape<typeof AdditionSchema> {
  const { installation, installationSignature, wallet, consent, salt } = step;
  return {
    installation: fromHex(installation),
    installationSignature,
    wallet: fromHex(wallet),
    consent: consentMessage(consent),
    salt: fromHex(salt),
  };
}

function additionOf({ installation, installationSignature, wallet, consent }: Addition) {
  return {
    installation: asId<InstallationKey>(installation),
    installationSignature,
    wallet: asAddress(wallet),
    consent: consentOf(consent),
  };
}

function consentMessage({ nonce, deadline, signature }: StepConsent): MessageInitShape<typeof ConsentSchema> {
  return { nonce: bytesOf(nonce), deadline: bytesOf(deadline), signature };
}

function consentOf(message: Consent | undefined): StepConsent {
  if (message === undefined) throw malformed("a step without consent");
  const { nonce, deadline, signature } = message;
  return { nonce: bigintOf(nonce), deadline: bigintOf(deadline), signature };
}

/** Encodes a number big-endian without leading zeros. */
function bytesOf(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array();
  const hex = value.toString(16);
  return fromHex(`0x${hex.padStart(hex.length + (hex.length % 2), "0")}`);
}

function bigintOf(bytes: Uint8Array): bigint {
  if (bytes.length > MAX_NUMBER_BYTES || bytes[0] === 0) throw malformed("a number that is not canonical");
  return bytes.length === 0 ? 0n : BigInt(toHex(bytes));
}

function numberOf(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(`a number beyond 2^53: ${value}`);
  return Number(value);
}

function malformed(what: string): WeftError {
  return new WeftError({ code: "malformed", message: `a history has ${what}` });
}
