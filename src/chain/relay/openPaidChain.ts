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
import { type InboxState, readInbox } from "../read/readInbox.ts";
import { readInstallation } from "../read/readInstallation.ts";
import { readWallet } from "../read/readWallet.ts";
import type { PayingAccount } from "../sign/payingAccount.ts";
import { openRelayer } from "../submit/openRelayer.ts";
import { type AppendOutcome, relayAppend } from "./relayAppend.ts";
import { type IdentityOutcome, relayIdentity } from "./relayIdentity.ts";

type Options = { readonly signal?: AbortSignal };

/** What a relaying node does with a chain and with the account that pays on it. Holds no connection. */
export type PaidChain = {
  readonly relayAppend: (append: Append, options?: Options) => Promise<AppendOutcome>;
  readonly relayIdentity: (action: IdentityAction, options?: Options) => Promise<IdentityOutcome>;
  readonly readWallet: (wallet: Address) => Promise<WalletState>;
  /** Reads an inbox; undefined if the registry does not know it. */
  readonly readInbox: (inbox: InboxId) => Promise<InboxState | undefined>;
  /** Reads the chain's newest block; undefined if the RPC has none. */
  readonly readHead: () => Promise<BlockRef | undefined>;
  /** Reads in which block the registry listed an installation, and the newest block; undefined if it never did. */
  readonly findInstallation: (place: {
    inbox: InboxId;
    installation: InstallationKey;
  }) => Promise<{ readonly addedBlock: number; readonly head: number } | undefined>;
};

/**
 * Opens the network's chain by its RPC address for an account that pays: a private key (32 bytes in hex), or an account
 * that signs. Throws `malformed` for a key that is none, `bad-config` for a malformed proxy address,
 * `chain-unreachable`, `wrong-chain`; the signal's reason if it aborts.
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
    readInbox: (inbox) => readInbox({ chain, inbox }),
    readHead,
    findInstallation: async (asked) => {
      // The newest block is read first, so that the installation never seems longer listed than it is.
      const head = await readHead();
      const found = await readInstallation({ chain, ...asked });
      return found && { addedBlock: found.addedBlock, head: head?.number ?? 0 };
    },
  };
}
