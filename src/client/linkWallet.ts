import { signLinkWallet } from "../chain/sign/signIdentity.ts";
import type { Wallet } from "../chain/sign/wallet.ts";
import { asAddress, type InboxId } from "../wire/ids.ts";
import { type Acting, actForInbox } from "./actForInbox.ts";
import { landWalletChange } from "./wallet/landWalletChange.ts";
import type { WalletRefusal } from "./wallet/walletChange.ts";

/** `linked`, also if it was so before; confirmed unless only one operator has told it. */
export type LinkedWallet =
  | { readonly kind: "linked"; readonly inbox: InboxId; readonly isConfirmed: boolean }
  | WalletRefusal;

/**
 * Links a wallet that is in no inbox: from then on it may add devices and link further wallets. Both wallets sign, the
 * new one that it agrees. Resolves once the chain lists the link. Throws `bad-signature` if a wallet declines, what
 * `listInstallations` of a wallet throws, `chain-unreachable` if it does not land within a minute.
 */
export async function linkWallet(params: Acting & { readonly newWallet: Wallet }): Promise<LinkedWallet> {
  const { newWallet, onProgress } = params;
  return await actForInbox(params, async (opened) => {
    const { network, inbox, wallet } = opened;
    const landed = await landWalletChange({
      ...{ opened, onProgress },
      change: { kind: "link", wallet: asAddress(newWallet.address) },
      sign: async (signerOf) => {
        const [by, accepting] = [await signerOf(wallet), await signerOf(newWallet)];
        return await signLinkWallet({ network, inbox, by, wallet: accepting });
      },
    });
    if (landed.kind === "refused") return landed;
    return { kind: "linked", inbox, isConfirmed: landed.standing.isConfirmed };
  });
}
