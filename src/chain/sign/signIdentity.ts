import { wallMs } from "../../clock/wallMs.ts";
import { keccak256 } from "../../crypto/keccak256.ts";
import { WeftError } from "../../errors.ts";
import type { Authorization, IdentityAction } from "../../wire/identityAction.ts";
import { type IdentityMessageName, identityDomain, identityMessages } from "../../wire/identityMessages.ts";
import {
  type Address,
  asAddress,
  fromHex,
  type Hex,
  type InboxId,
  type InstallationKey,
  toHex,
} from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";
import { inboxIdOf } from "../layout/inboxIdOf.ts";
import type { Wallet } from "./wallet.ts";

type Action<K extends IdentityAction["kind"]> = Extract<IdentityAction, { kind: K }>;

/** How long after its signature a record may land by default. */
const DEFAULT_VALIDITY_SECONDS = 3_600;

/**
 * Returns the last second, since 1970, in which a record may land that is signed at `nowMs`, milliseconds since 1970:
 * an hour later.
 */
export function deadlineAfter({ nowMs }: { nowMs: number }): bigint {
  return BigInt(Math.floor(nowMs / 1000) + DEFAULT_VALIDITY_SECONDS);
}

/**
 * A wallet, the nonce that its next record must carry (see `readWallet`), and the last second of the chain's time in
 * which the record may land: by default an hour from now by this machine's clock.
 */
export type Signer = { readonly wallet: Wallet; readonly nonce: bigint; readonly deadline?: bigint };

type NewInstallation = {
  readonly network: Network;
  readonly installation: InstallationKey;
  /** The installation's signature over its proof, see wire/installationProof.ts. */
  readonly installationSignature: Uint8Array;
  readonly signer: Signer;
};

/**
 * Signs the creation of the inbox of (wallet, salt) with its first installation; the wallet becomes its recovery
 * wallet. Throws `bad-signature` if the wallet declines.
 */
export async function signCreateInbox(
  params: NewInstallation & { salt: Hex },
): Promise<Action<"create-inbox">> {
  const { salt, installation, installationSignature, signer } = params;
  const inbox = inboxIdOf({ wallet: asAddress(signer.wallet.address), salt });
  const wallet = await authorizeAddition({ ...params, inbox });
  return { kind: "create-inbox", salt, installation, installationSignature, wallet };
}

/**
 * Signs the addition of an installation; the signer must be linked to the inbox. Throws `bad-signature` if the wallet
 * declines.
 */
export async function signAddInstallation(
  params: NewInstallation & { inbox: InboxId },
): Promise<Action<"add-installation">> {
  const { inbox, installation, installationSignature } = params;
  const wallet = await authorizeAddition(params);
  return { kind: "add-installation", inbox, installation, installationSignature, wallet };
}

/**
 * Signs that an installation is revoked for ever, with the wallet that added it or the recovery wallet. Needs no nonce.
 * Throws `bad-signature` if the wallet declines.
 */
export async function signRevokeInstallation(params: {
  network: Network;
  inbox: InboxId;
  installation: InstallationKey;
  wallet: Wallet;
}): Promise<Action<"revoke-installation">> {
  const { inbox, installation, wallet } = params;
  const by = asAddress(wallet.address);
  const message = { inbox, installation, by };
  const signature = await sign({ ...params, name: "RevokeInstallation", fields: message });
  return { kind: "revoke-installation", inbox, installation, by, signature };
}

/**
 * Signs the link of a wallet that is in no inbox, with a linked wallet (`by`) and with the new wallet itself. Throws
 * `bad-signature` if a wallet declines.
 */
export async function signLinkWallet(params: {
  network: Network;
  inbox: InboxId;
  by: Signer;
  wallet: Signer;
}): Promise<Action<"link-wallet">> {
  const { network, inbox, by, wallet } = params;
  const message = {
    inbox,
    wallet: asAddress(wallet.wallet.address),
    by: asAddress(by.wallet.address),
  };
  return {
    kind: "link-wallet",
    inbox,
    by: await authorize({ network, signer: by, name: "LinkWallet", fields: message }),
    wallet: await authorize({ network, signer: wallet, name: "AcceptLink", fields: message }),
  };
}

/**
 * Signs the end of a wallet's link; `by` is the wallet itself or the recovery wallet. Throws `bad-signature` if that
 * wallet declines.
 */
export async function signUnlinkWallet(params: {
  network: Network;
  inbox: InboxId;
  wallet: Address;
  by: Signer;
}): Promise<Action<"unlink-wallet">> {
  const { network, inbox, wallet, by } = params;
  const fields = { inbox, wallet, by: asAddress(by.wallet.address) };
  const authorization = await authorize({ network, signer: by, name: "UnlinkWallet", fields });
  return { kind: "unlink-wallet", inbox, wallet, by: authorization };
}

type RecoveryChange = {
  readonly network: Network;
  readonly inbox: InboxId;
  readonly recovery: Address;
  readonly by: Signer;
};

/**
 * Signs the proposal of a recovery wallet, which comes into force after the registry's delay; `by` is a linked wallet
 * or the present recovery wallet. Throws `bad-signature` if that wallet declines.
 */
export async function signSetRecovery(params: RecoveryChange): Promise<Action<"set-recovery">> {
  const { inbox, recovery } = params;
  const by = await authorizeRecovery({ ...params, name: "SetRecovery" });
  return { kind: "set-recovery", inbox, recovery, by };
}

/**
 * Signs the veto of a pending proposal; `by` is the recovery wallet that the proposal would replace. Throws
 * `bad-signature` if that wallet declines.
 */
export async function signVetoRecovery(params: RecoveryChange): Promise<Action<"veto-recovery">> {
  const { inbox, recovery } = params;
  const by = await authorizeRecovery({ ...params, name: "VetoRecovery" });
  return { kind: "veto-recovery", inbox, recovery, by };
}

function authorizeAddition(params: NewInstallation & { inbox: InboxId }): Promise<Authorization> {
  const { network, inbox, installation, installationSignature, signer } = params;
  const installationSignatureHash = toHex(keccak256(installationSignature));
  const wallet = asAddress(signer.wallet.address);
  const fields = { inbox, installation, installationSignatureHash, wallet };
  return authorize({ network, signer, name: "AddInstallation", fields });
}

function authorizeRecovery(
  params: RecoveryChange & { name: "SetRecovery" | "VetoRecovery" },
): Promise<Authorization> {
  const { network, inbox, recovery, by, name } = params;
  const fields = { inbox, recovery, by: asAddress(by.wallet.address) };
  return authorize({ network, signer: by, name, fields });
}

async function authorize(params: {
  network: Network;
  signer: Signer;
  name: IdentityMessageName;
  fields: Readonly<Record<string, Hex>>;
}): Promise<Authorization> {
  const { network, signer, name } = params;
  const { wallet, nonce } = signer;
  const deadline = signer.deadline ?? deadlineAfter({ nowMs: wallMs() });
  const fields = { ...params.fields, nonce, deadline };
  const signature = await sign({ network, wallet, name, fields });
  // A wallet that has signed before is there.
  const key = nonce === 0n && wallet.passkey ? { passkey: wallet.passkey } : {};
  return { signer: asAddress(wallet.address), nonce, deadline, signature, ...key };
}

/** Throws `bad-signature` with the wallet's error as its cause if the wallet declines. */
async function sign(params: {
  network: Network;
  wallet: Wallet;
  name: IdentityMessageName;
  fields: Readonly<Record<string, Hex | bigint>>;
}): Promise<Uint8Array> {
  const { network, wallet, name, fields } = params;
  const types = Object.entries(identityMessages[name]).map(([field, type]) => ({ name: field, type }));
  try {
    const signature = await wallet.signTypedData({
      domain: {
        ...identityDomain,
        chainId: network.chainId,
        verifyingContract: network.identityRegistry,
      },
      types: { [name]: types },
      primaryType: name,
      message: fields,
    });
    return fromHex(signature);
  } catch (cause) {
    throw new WeftError({ code: "bad-signature", message: `the wallet did not sign ${name}`, cause });
  }
}
