import type { Wallet } from "../chain/sign/wallet.ts";
import { WeftError } from "../errors.ts";
import { type Client, coreOf } from "./client.ts";
import type { WalletProgress } from "./wallet/landWalletChange.ts";
import { type OpenWallet, type WalletPlace, withWallet } from "./wallet/openWallet.ts";

/** An open client, whose inbox its own wallet acts for, or another one (`by`), such as the recovery wallet. */
export type ActingClient = {
  readonly client: Client;
  readonly by?: Wallet;
  readonly signal?: AbortSignal;
};

/** Who acts for an inbox: an open client, or a wallet with its network and nodes, for which no client has to be open. */
export type Acting = (ActingClient | WalletPlace) & {
  /** Hears how far it is: which wallet has to sign, and that it was sent. */
  readonly onProgress?: (progress: WalletProgress) => void;
};

/** Runs what a wallet does for an inbox. Throws what `withWallet` throws; `no-node` for a client that is offline. */
export async function actForInbox<T>(acting: Acting, run: (opened: OpenWallet) => Promise<T>): Promise<T> {
  if (!("client" in acting)) return await withWallet(acting, run);
  const core = coreOf(acting.client);
  const { network, links, witnesses, ownRelay, finalityBlocks, closing, self } = core;
  if (core.online === undefined) throw new WeftError({ code: "no-node", message: "the client is offline" });
  const signal = acting.signal ? AbortSignal.any([closing.signal, acting.signal]) : closing.signal;
  const wallet = acting.by ?? core.wallet;
  const common = { network, links, witnesses, ownRelay, finalityBlocks, signal };
  try {
    return await run({ ...common, wallet, inbox: self.inbox });
  } finally {
    core.registryWakeup.wake();
  }
}
