import type { Address, Hex, InboxId, InstallationKey } from "./ids.ts";

/** The EIP-712 consent of an account (secp256k1) or a contract (ERC-1271); deadline in seconds since 1970. */
export type Authorization = {
  readonly signer: Address;
  /** The signer's current nonce, see `readWallet`. */
  readonly nonce: bigint;
  readonly deadline: bigint;
  readonly signature: Uint8Array;
  /**
   * The P-256 key (x ‖ y, 64 bytes) of a signer that is a passkey's wallet, if it may not be on the chain yet: whoever
   * relays the record makes it.
   */
  readonly passkey?: Uint8Array;
};

/**
 * What the addition of an installation names: its key, its own Ed25519 signature over its proof (installationProof.ts),
 * the wallet's consent.
 */
type Addition = {
  readonly installation: InstallationKey;
  readonly installationSignature: Uint8Array;
  readonly wallet: Authorization;
};

type RecoveryChange = { readonly inbox: InboxId; readonly recovery: Address; readonly by: Authorization };

/** A signed record of IdentityRegistry, see contracts/IIdentityRegistry.sol; anyone may relay it. */
export type IdentityAction =
  | ({ readonly kind: "create-inbox"; readonly salt: Hex } & Addition)
  | ({ readonly kind: "add-installation"; readonly inbox: InboxId } & Addition)
  | {
      readonly kind: "revoke-installation";
      readonly inbox: InboxId;
      readonly installation: InstallationKey;
      readonly by: Address;
      readonly signature: Uint8Array;
    }
  | {
      readonly kind: "link-wallet";
      readonly inbox: InboxId;
      /** The consent of a linked wallet. */
      readonly by: Authorization;
      /** The consent of the new wallet. */
      readonly wallet: Authorization;
    }
  | {
      readonly kind: "unlink-wallet";
      readonly inbox: InboxId;
      readonly wallet: Address;
      readonly by: Authorization;
    }
  | ({ readonly kind: "set-recovery" } & RecoveryChange)
  | ({ readonly kind: "veto-recovery" } & RecoveryChange);

/** Lists the consents of an action that have a nonce. */
export function consentsOf(action: IdentityAction): readonly Authorization[] {
  switch (action.kind) {
    case "create-inbox":
    case "add-installation":
      return [action.wallet];
    case "revoke-installation":
      return [];
    case "link-wallet":
      return [action.by, action.wallet];
    default:
      return [action.by];
  }
}
