import { GAS_PER_BYTE } from "../../chain/relay/gasOfAppend.ts";
import type { IdentityAction } from "../../wire/identityAction.ts";

/** Gas of an account's consent; that of a contract may take more, which the chain says. */
const IDENTITY_GAS = 300_000;

/** Estimates the gas that an identity record takes; the chain says later what it really is. */
export function gasOfIdentity(action: IdentityAction): number {
  return IDENTITY_GAS + GAS_PER_BYTE * signatureBytes(action);
}

function signatureBytes(action: IdentityAction): number {
  switch (action.kind) {
    case "create-inbox":
    case "add-installation":
      return action.installationSignature.length + action.wallet.signature.length;
    case "revoke-installation":
      return action.signature.length;
    case "link-wallet":
      return action.by.signature.length + action.wallet.signature.length;
    default:
      return action.by.signature.length;
  }
}
