import { concatBytes } from "../crypto/concatBytes.ts";
import { keccak256 } from "../crypto/keccak256.ts";
import { u64 } from "./bytes.ts";
import { abiWord, identityStructHash } from "./identityMessages.ts";
import { type Address, fromHex, type Hex, type InboxId, type InstallationKey, toHex } from "./ids.ts";

/** What a wallet signed, beside the message itself. The deadline is in seconds since 1970. */
export type StepConsent = {
  readonly nonce: bigint;
  readonly deadline: bigint;
  readonly signature: Uint8Array;
};

type Addition = {
  readonly installation: InstallationKey;
  /** Signed by the installation's own key over its proof; checked by nobody but clients and nodes. */
  readonly installationSignature: Uint8Array;
  readonly wallet: Address;
  readonly consent: StepConsent;
};

type RecoveryChange = { readonly recovery: Address; readonly by: Address; readonly consent: StepConsent };

/** One step of an inbox's history: all that an identity event of the chain says, and when. */
export type IdentityStep = {
  /** Number of the block that holds it. */
  readonly block: number;
  /** That block's time in seconds since 1970. */
  readonly time: number;
} & (
  | ({ readonly kind: "create-inbox"; readonly salt: Hex } & Addition)
  | ({ readonly kind: "add-installation" } & Addition)
  | {
      readonly kind: "revoke-installation";
      readonly installation: InstallationKey;
      readonly by: Address;
      readonly signature: Uint8Array;
    }
  | {
      readonly kind: "link-wallet";
      readonly wallet: Address;
      readonly by: Address;
      readonly walletConsent: StepConsent;
      readonly byConsent: StepConsent;
    }
  | {
      readonly kind: "unlink-wallet";
      readonly wallet: Address;
      readonly by: Address;
      readonly consent: StepConsent;
    }
  /** The proposal is in force from `changesAt` (seconds since 1970) on. */
  | ({ readonly kind: "set-recovery"; readonly changesAt: number } & RecoveryChange)
  | ({ readonly kind: "veto-recovery" } & RecoveryChange)
);

/** A wallet's part in a step: who signed which message, with what. */
export type StepSignature = {
  readonly signer: Address;
  readonly structHash: Uint8Array;
  readonly signature: Uint8Array;
};

/** The word of an inbox that the chain does not know. */
export const EMPTY_WORD: Hex = `0x${"00".repeat(32)}`;
/** At so many steps the registry takes nothing but revocations. */
export const MAX_HISTORY_STEPS = 1024;

const COUNT_BYTES = 2;
const kinds: Readonly<Record<IdentityStep["kind"], number>> = {
  "create-inbox": 1,
  "add-installation": 2,
  "revoke-installation": 3,
  "link-wallet": 4,
  "unlink-wallet": 5,
  "set-recovery": 6,
  "veto-recovery": 7,
};

/** Reads how many steps a word stands for. */
export function stepCount(word: Hex): number {
  return Number.parseInt(word.slice(-2 * COUNT_BYTES), 16);
}

/** Lists who signed a step, and what; for a link the linked wallet first. */
export function signaturesOf(params: { inbox: InboxId; step: IdentityStep }): readonly StepSignature[] {
  const { inbox, step } = params;
  switch (step.kind) {
    case "create-inbox":
    case "add-installation": {
      const { installation, wallet, consent } = step;
      const installationSignatureHash = toHex(keccak256(step.installationSignature));
      const fields = { inbox, installation, installationSignatureHash, wallet, ...consent };
      const structHash = identityStructHash({ name: "AddInstallation", fields });
      return [{ signer: wallet, structHash, signature: consent.signature }];
    }
    case "revoke-installation": {
      const { installation, by, signature } = step;
      const fields = { inbox, installation, by };
      return [
        { signer: by, structHash: identityStructHash({ name: "RevokeInstallation", fields }), signature },
      ];
    }
    case "link-wallet": {
      const { wallet, by, byConsent, walletConsent } = step;
      const pair = { inbox, wallet, by };
      const linked = identityStructHash({ name: "LinkWallet", fields: { ...pair, ...byConsent } });
      const accepted = identityStructHash({ name: "AcceptLink", fields: { ...pair, ...walletConsent } });
      return [
        { signer: by, structHash: linked, signature: byConsent.signature },
        { signer: wallet, structHash: accepted, signature: walletConsent.signature },
      ];
    }
    case "unlink-wallet": {
      const { wallet, by, consent } = step;
      const structHash = identityStructHash({
        name: "UnlinkWallet",
        fields: { inbox, wallet, by, ...consent },
      });
      return [{ signer: by, structHash, signature: consent.signature }];
    }
    case "set-recovery":
    case "veto-recovery": {
      const { recovery, by, consent } = step;
      const name = step.kind === "set-recovery" ? "SetRecovery" : "VetoRecovery";
      const structHash = identityStructHash({ name, fields: { inbox, recovery, by, ...consent } });
      return [{ signer: by, structHash, signature: consent.signature }];
    }
  }
}

/** Computes the word of a history that goes on by a step: see contracts/IIdentityRegistry.sol. */
export function nextWord(params: {
  word: Hex;
  step: IdentityStep;
  signatures: readonly StepSignature[];
}): Hex {
  const { word, step } = params;
  const consents = params.signatures.map(({ structHash, signature }) =>
    hash(structHash, keccak256(signature)),
  );
  const [first = new Uint8Array(), second] = consents;
  const consent = second === undefined ? first : hash(first, second);
  const what = step.kind === "set-recovery" ? hash(consent, abiWord(BigInt(step.changesAt))) : consent;
  const place = concatBytes(
    new Uint8Array(15),
    Uint8Array.of(kinds[step.kind]),
    u64(step.block),
    u64(step.time),
  );
  const whole = hash(fromHex(word), hash(what, place));
  const count = stepCount(word) + 1;
  whole.set([count >> 8, count & 0xff], whole.length - COUNT_BYTES);
  return toHex(whole);
}

function hash(a: Uint8Array, b: Uint8Array): Uint8Array {
  return keccak256(concatBytes(a, b));
}
