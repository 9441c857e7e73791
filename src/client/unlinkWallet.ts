import { signUnlinkWallet } from "../chain/sign/signIdentity.ts";
import { asAddress, type Hex, type InboxId } from "../wire/ids.ts";
import { type Acting, actForInbox } from "./actForInbox.ts";
import { landWalletChange } from "./wallet/landWalletChange.ts";
import type { WalletRefusal } from "./wallet/walletChange.ts";

/** `unlinked`; confirmed unless only one operator has told it. */
export type UnlinkedWallet =
  | { readonly kind: "unlinked"; readonly inbox: InboxId; readonly isConfirmed: boolean }
  | WalletRefusal;

/**
 * Ends the link of a wallet, by that wallet itself or by the recovery wallet. The devices that it added stay until they
 * are revoked, and it stays the recovery wallet if it is that. Resolves once the chain lists it. The last wallet is
 * refused unless `evenLast`. Throws `malformed` for what is no address, and what `linkWallet` throws.
 */
export async function unlinkWallet(
  params: Acting & { readonly oldWallet: Hex; readonly evenLast?: boolean },
): Promise<UnlinkedWallet> {
  const { onProgress, evenLast = false } = params;
  const wallet = asAddress(params.oldWallet);
  return await actForInbox(params, async (opened) => {
    const { network, inbox } = opened;
    const landed = await landWalletChange({
      ...{ opened, onProgress },
      change: { kind: "unlink", wallet, evenLast },
      sign: async (signerOf) =>
        await signUnlinkWallet({ network, inbox, wallet, by: await signerOf(opened.wallet) }),
    });
    if (landed.kind === "refused") return landed;
    return { kind: "unlinked", inbox, isConfirmed: landed.standing.isConfirmed };
  });
}
