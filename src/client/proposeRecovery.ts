import { signSetRecovery } from "../chain/sign/signIdentity.ts";
import { asAddress, type Hex, type InboxId } from "../wire/ids.ts";
import { type Acting, actForInbox } from "./actForInbox.ts";
import { landWalletChange } from "./wallet/landWalletChange.ts";
import type { WalletRefusal } from "./wallet/walletChange.ts";

/** `proposed`, also if it was so before; confirmed unless only one operator has told it. */
export type ProposedRecovery =
  | {
      readonly kind: "proposed";
      readonly inbox: InboxId;
      /** From when on it is the recovery wallet, in seconds since 1970; undefined: it is so already. */
      readonly changesAt: number | undefined;
      readonly isConfirmed: boolean;
    }
  | WalletRefusal;

/**
 * Proposes a recovery wallet, by a linked wallet or the present recovery wallet: it is in force after the network's
 * delay unless the present recovery wallet vetoes that. A later proposal takes the place of an earlier one. Whoever has
 * lost the first wallet proposes another linked one, which may then unlink the lost one and revoke what it added.
 * Resolves once the chain lists the proposal. Throws `malformed` for what is no address, and what `linkWallet` throws.
 */
export async function proposeRecovery(
  params: Acting & { readonly recovery: Hex },
): Promise<ProposedRecovery> {
  const { onProgress } = params;
  const recovery = asAddress(params.recovery);
  return await actForInbox(params, async (opened) => {
    const { network, inbox } = opened;
    const landed = await landWalletChange({
      ...{ opened, onProgress },
      change: { kind: "propose-recovery", recovery },
      sign: async (signerOf) =>
        await signSetRecovery({ network, inbox, recovery, by: await signerOf(opened.wallet) }),
    });
    if (landed.kind === "refused") return landed;
    const { isConfirmed, proposal } = landed.standing;
    return { kind: "proposed", inbox, changesAt: proposal?.changesAt, isConfirmed };
  });
}
