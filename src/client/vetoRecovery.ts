import { signVetoRecovery } from "../chain/sign/signIdentity.ts";
import { asAddress, type Hex, type InboxId } from "../wire/ids.ts";
import { type Acting, actForInbox } from "./actForInbox.ts";
import { landWalletChange } from "./wallet/landWalletChange.ts";
import type { WalletRefusal } from "./wallet/walletChange.ts";

/** `vetoed`; confirmed unless only one operator has told it. */
export type VetoedRecovery =
  | { readonly kind: "vetoed"; readonly inbox: InboxId; readonly isConfirmed: boolean }
  | WalletRefusal;

/**
 * Drops the proposal of a recovery wallet, by the recovery wallet that it would replace. Resolves once the chain has
 * dropped it. Whoever made the proposal may make it again: unlink that wallet, too. Throws `malformed` for what is no
 * address, and what `linkWallet` throws.
 */
export async function vetoRecovery(params: Acting & { readonly recovery: Hex }): Promise<VetoedRecovery> {
  const { onProgress } = params;
  const recovery = asAddress(params.recovery);
  return await actForInbox(params, async (opened) => {
    const { network, inbox } = opened;
    const landed = await landWalletChange({
      ...{ opened, onProgress },
      change: { kind: "veto-recovery", recovery },
      sign: async (signerOf) =>
        await signVetoRecovery({ network, inbox, recovery, by: await signerOf(opened.wallet) }),
    });
    if (landed.kind === "refused") return landed;
    return { kind: "vetoed", inbox, isConfirmed: landed.standing.isConfirmed };
  });
}
