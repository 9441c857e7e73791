import { randomBytes } from "#crypto";
import type { Wallet } from "../../chain/sign/wallet.ts";
import { isWeftError, WeftError } from "../../errors.ts";
import { checkProxy } from "../../net/checkProxy.ts";
import { connectNode } from "../../rpc/connectNode.ts";
import { asAddress, asId, type Hex, type InboxId } from "../../wire/ids.ts";
import { checkNetworkVersion, DEFAULT_FINALITY_BLOCKS, type Network } from "../../wire/network.ts";
import { readDirectory } from "../directory/readDirectory.ts";
import { closeConnections, createNodeLinks, type NodeLinks } from "../nodes/nodeLinks.ts";
import { type OwnChain, type OwnRelay, openOwnRelay } from "../nodes/ownRelay.ts";
import { type ChosenWitnesses, openWitnesses } from "../witness/openWitnesses.ts";
import type { Witnesses } from "../witness/witnesses.ts";
import { inboxOfWallet } from "./inboxOfWallet.ts";

/** A wallet and how an inbox is reached, without a client. Each part means what it does in `openClient`. */
export type WalletPlace = {
  readonly wallet: Wallet;
  /** The inbox for which the wallet acts, such as one of which it is the recovery wallet; otherwise the one it is in. */
  readonly inbox?: Hex;
  readonly network: Network;
  readonly nodes: readonly string[];
  readonly chain?: OwnChain;
  readonly witnesses?: ChosenWitnesses;
  readonly finalityBlocks?: number;
  readonly proxy?: string;
  readonly signal?: AbortSignal;
};

/** A wallet that has found its inbox. */
export type OpenWallet = {
  readonly wallet: Wallet;
  readonly network: Network;
  readonly inbox: InboxId;
  readonly finalityBlocks: number;
  readonly links: NodeLinks;
  readonly witnesses: Witnesses;
  readonly ownRelay: OwnRelay | undefined;
  readonly signal: AbortSignal;
};

/** The secret is as long as a client's lasting one; this one draws witnesses for one question of the wallet's owner. */
const SECRET_BYTES = 32;

/**
 * Finds a wallet's inbox without a client or a database, and closes all connections when `run` is over. Throws
 * `no-node`, `unknown-record` for a wallet that is in none, `malformed` for what is no inbox's id, `old-network`,
 * `wrong-chain`, `bad-config`.
 */
export async function withWallet<T>(place: WalletPlace, run: (opened: OpenWallet) => Promise<T>): Promise<T> {
  const { wallet, network, proxy, chain, finalityBlocks = DEFAULT_FINALITY_BLOCKS } = place;
  checkNetworkVersion(network);
  checkProxy(proxy);
  const named = place.inbox === undefined ? undefined : asId<InboxId>(place.inbox);
  const closing = new AbortController();
  const signal = place.signal ? AbortSignal.any([closing.signal, place.signal]) : closing.signal;
  const connect = ({ url }: { url: string }) => connectNode({ url, proxy });
  const links = createNodeLinks({ bootstrap: place.nodes, connect, nodes: [], onChange: () => undefined });
  const common = { links, network, proxy, finalityBlocks, signal };
  try {
    const secret = randomBytes(SECRET_BYTES);
    const chosen = place.witnesses;
    const witnesses = await openWitnesses({
      ...common,
      secret,
      chosen,
      online: true,
      onLie: () => undefined,
    });
    const ownRelay = chain && openOwnRelay({ ...common, chain, onTrouble: () => undefined });
    await readDirectory({ witnesses, network, signal }).catch((error: unknown) => {
      if (!ownRelay || !isWeftError(error, "no-node")) throw error;
    });
    const address = asAddress(wallet.address);
    const inbox = named ?? (await inboxOfWallet({ ...common, witnesses, ownRelay, wallet: address }));
    if (inbox === undefined) throw inNoInbox(address);
    return await run({ ...common, wallet, inbox, witnesses, ownRelay });
  } finally {
    closing.abort(new WeftError({ code: "closed", message: "it is over" }));
    await closeConnections(links);
  }
}

function inNoInbox(wallet: string): WeftError {
  return new WeftError({
    code: "unknown-record",
    message: `the wallet ${wallet} is in no inbox of this network`,
    hint: "Check wallet and network: an inbox comes to be when the wallet's first device is set up.",
  });
}
