import type { ProxyChoice } from "../../net/proxy.ts";
import type { Append } from "../../wire/append.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { IdentityAction } from "../../wire/identityAction.ts";
import type { Address, Hex, InboxId, InstallationKey } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";
import type { WalletState } from "../../wire/walletState.ts";
import { openChain } from "../provider/openChain.ts";
import { readHeader } from "../provider/readHeader.ts";
import { readCall } from "../read/readCall.ts";
import { readInstallation } from "../read/readInstallation.ts";
import { readWallet } from "../read/readWallet.ts";
import type { PayingAccount } from "../sign/payingAccount.ts";
import { openRelayer } from "../submit/openRelayer.ts";
import { type AppendOutcome, relayAppend } from "./relayAppend.ts";
import { type IdentityOutcome, relayIdentity } from "./relayIdentity.ts";

type Options = { readonly signal?: AbortSignal };

/** A chain and the account that pays on it: what a relaying node does with both. Holds no connection. */
export type PaidChain = {
  readonly relayAppend: (append: Append, options?: Options) => Promise<AppendOutcome>;
  readonly relayIdentity: (action: IdentityAction, options?: Options) => Promise<IdentityOutcome>;
  readonly readWallet: (wallet: Address) => Promise<WalletState>;
  /** The chain's newest block; undefined: it has none. */
  readonly readHead: () => Promise<BlockRef | undefined>;
  /** In which block the registry has listed it, and the chain's present block; undefined: it does not. */
  readonly findInstallation: (place: {
    inbox: InboxId;
    installation: InstallationKey;
  }) => Promise<{ readonly addedBlock: number; readonly head: number } | undefined>;
};

/**
 * Opens the network's chain by its RPC address for an account that pays: its private key (32 bytes in hex) or itself.
 * Throws `chain-unreachable`, `wrong-chain`; the signal's reason if aborted.
 */
export async function openPaidChain(params: {
  rpcUrl: string;
  account: Hex | PayingAccount;
  network: Network;
  proxy?: ProxyChoice;
  signal: AbortSignal;
}): Promise<PaidChain> {
  const { account, ...place } = params;
  const relayer = openRelayer(typeof account === "string" ? { privateKey: account } : { account });
  const chain = await openChain(place);
  const readHead = () => readCall({ what: "the head", read: readHeader({ chain, block: "latest" }) });
  return {
    relayAppend: (append, options) => relayAppend({ chain, relayer, append, ...options }),
    relayIdentity: (action, options) => relayIdentity({ chain, relayer, action, ...options }),
    readWallet: (wallet) => readWallet({ chain, wallet }),
    readHead,
    findInstallation: async (asked) => {
      // The head first: what is read after it may only be older.
      const head = await readHead();
      const found = await readInstallation({ chain, ...asked });
      return found && { addedBlock: found.addedBlock, head: head?.number ?? 0 };
    },
  };
}
