import { GAS_PER_BYTE } from "../../chain/relay/gasOfAppend.ts";
import { consentsOf, type IdentityAction } from "../../wire/identityAction.ts";

/** Gas of an account's consent; that of a contract may take more, which the chain says. */
const IDENTITY_GAS = 300_000;

/** Gas of making a passkey's wallet. */
const PASSKEY_WALLET_GAS = 80_000;

/** Estimates the gas that an identity record takes; the chain says later what it really is. */
export function gasOfIdentity(action: IdentityAction): number {
  const consents = consentsOf(action);
  const wallets = consents.filter(({ passkey }) => passkey !== undefined).length;
  return IDENTITY_GAS + PASSKEY_WALLET_GAS * wallets + GAS_PER_BYTE * signatureBytes(action);
}

function signatureBytes(action: IdentityAction): number {
  if (action.kind === "revoke-installation") return action.signature.length;
  const own = "installationSignature" in action ? action.installationSignature.length : 0;
  return consentsOf(action).reduce((sum, { signature }) => sum + signature.length, own);
}
