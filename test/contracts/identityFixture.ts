import { randomBytes } from "node:crypto";
import { getContract, type Hex, keccak256, type TypedDataParameter, toHex } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { identityRegistryAbi } from "../../src/chain/abi/identityRegistry.ts";
import { newAccount } from "./newAccount.ts";
import type { TestChain } from "./openChain.ts";

export const RECOVERY_DELAY_SECONDS = 1000;
export const FAR = 2n ** 40n;

const typeStrings = {
  AddInstallation:
    "bytes32 inbox,bytes32 installation,bytes32 installationSignatureHash,address wallet,uint256 nonce,uint256 deadline",
  RevokeInstallation: "bytes32 inbox,bytes32 installation,address by",
  LinkWallet: "bytes32 inbox,address wallet,address by,uint256 nonce,uint256 deadline",
  AcceptLink: "bytes32 inbox,address wallet,address by,uint256 nonce,uint256 deadline",
  UnlinkWallet: "bytes32 inbox,address wallet,address by,uint256 nonce,uint256 deadline",
  SetRecovery: "bytes32 inbox,address recovery,address by,uint256 nonce,uint256 deadline",
  VetoRecovery: "bytes32 inbox,address recovery,address by,uint256 nonce,uint256 deadline",
};

export type Kind = keyof typeof typeStrings;

/** A key, and the account that it signs for: its own or a contract wallet's. */
export type Wallet = { readonly address: Hex; readonly key: PrivateKeyAccount };

export type Authorization = { signer: Hex; nonce: bigint; deadline: bigint; signature: Hex };

export function newWallet(): Wallet {
  const key = newAccount();
  return { address: key.address, key };
}

export function newKey(): Hex {
  return toHex(randomBytes(32));
}

/** 64 bytes where an Ed25519 signature is carried but not checked. */
function anySignature(): Hex {
  return toHex(randomBytes(64));
}

export async function openIdentityRegistry(chain: TestChain) {
  const address = await chain.deploy("IdentityRegistry", [RECOVERY_DELAY_SECONDS]);
  const registry = getContract({ abi: identityRegistryAbi, address, client: chain.client });

  async function sign(kind: Kind, key: PrivateKeyAccount, message: Record<string, unknown>): Promise<Hex> {
    const fields: TypedDataParameter[] = typeStrings[kind].split(",").map((field) => {
      const [type = "", name = ""] = field.split(" ");
      return { type, name };
    });
    return await key.signTypedData({
      domain: {
        name: "Weft IdentityRegistry",
        version: "2",
        chainId: chain.client.chain.id,
        verifyingContract: address,
      },
      types: { [kind]: fields },
      primaryType: kind,
      message,
    });
  }

  /** `wallet`'s consent with its current nonce and a deadline far away, unless told otherwise. */
  async function authorize(
    kind: Exclude<Kind, "RevokeInstallation">,
    wallet: Wallet,
    message: Record<string, unknown>,
    other: { nonce?: bigint; deadline?: bigint } = {},
  ): Promise<Authorization> {
    const nonce = other.nonce ?? (await registry.read.nonces([wallet.address]));
    const deadline = other.deadline ?? FAR;
    const signature = await sign(kind, wallet.key, { ...message, nonce, deadline });
    return { signer: wallet.address, nonce, deadline, signature };
  }

  /** Arguments of `register` for a wallet's inbox, or of `addInstallation` once it is there. */
  async function addition(
    inbox: Hex,
    wallet: Wallet,
    installation: Hex,
    other?: { nonce?: bigint; deadline?: bigint },
  ) {
    const signature = anySignature();
    const signed = { inbox, installation, installationSignatureHash: keccak256(signature) };
    const consent = await authorize("AddInstallation", wallet, { ...signed, wallet: wallet.address }, other);
    return [inbox, installation, signature, consent] as const;
  }

  /** A registered inbox with its first wallet and installation. */
  async function registerInbox(wallet: Wallet = newWallet()) {
    const [salt, installation] = [newKey(), newKey()];
    const inbox = await registry.read.inboxId([wallet.address, salt]);
    const [, , signature, consent] = await addition(inbox, wallet, installation);
    const hash = await registry.write.register([salt, installation, signature, consent]);
    return { inbox, wallet, salt, installation, signature, consent, hash };
  }

  /** Arguments of `linkWallet`. */
  async function link(inbox: Hex, by: Wallet, wallet: Wallet) {
    const message = { inbox, wallet: wallet.address, by: by.address };
    const linked = await authorize("LinkWallet", by, message);
    return [inbox, linked, await authorize("AcceptLink", wallet, message)] as const;
  }

  /** Arguments of `revokeInstallation`. */
  async function revocation(inbox: Hex, installation: Hex, by: Wallet) {
    const message = { inbox, installation, by: by.address };
    return [inbox, installation, by.address, await sign("RevokeInstallation", by.key, message)] as const;
  }

  /** Arguments of `unlinkWallet`. */
  async function unlinking(inbox: Hex, wallet: Hex, by: Wallet) {
    return [inbox, wallet, await authorize("UnlinkWallet", by, { inbox, wallet, by: by.address })] as const;
  }

  /** Arguments of `setRecovery` or `vetoRecovery`. */
  async function recovery(kind: "SetRecovery" | "VetoRecovery", inbox: Hex, recovery: Hex, by: Wallet) {
    return [inbox, recovery, await authorize(kind, by, { inbox, recovery, by: by.address })] as const;
  }

  return {
    address,
    registry,
    sign,
    authorize,
    addition,
    registerInbox,
    link,
    revocation,
    unlinking,
    recovery,
  };
}
