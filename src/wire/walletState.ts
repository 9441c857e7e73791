import type { InboxId } from "./ids.ts";

/** What the registry holds of a wallet. */
export type WalletState = {
  /** The inbox that it is linked to now. */
  readonly inbox: InboxId | undefined;
  /** The nonce that its next signed record must carry. */
  readonly nonce: bigint;
};
