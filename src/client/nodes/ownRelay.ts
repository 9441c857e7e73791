import type { PaidChain } from "../../chain/relay/openPaidChain.ts";
import type { PayingAccount } from "../../chain/sign/payingAccount.ts";
import { addressFromPrivateKey } from "../../crypto/secp256k1.ts";
import { type ErrorCode, isWeftError, WeftError } from "../../errors.ts";
import type { ProxyChoice } from "../../net/proxy.ts";
import type { Call, NodeApi } from "../../rpc/nodeApi.ts";
import type { Append } from "../../wire/append.ts";
import type { IdentityAction } from "../../wire/identityAction.ts";
import {
  type Address,
  asAddress,
  fromHex,
  type Hex,
  type InboxId,
  type InstallationKey,
} from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";
import type { RelayOutcome } from "../../wire/relayOutcome.ts";

/** The chain's endpoint, and the account that pays there. */
export type OwnChain = {
  /** HTTP address of the chain's JSON-RPC endpoint. */
  readonly rpcUrl: string;
  /** A private key (32 bytes in hex), or an account that signs transactions, such as a viem LocalAccount. */
  readonly account: Hex | PayingAccount;
};

/** Why nothing gets to the chain: the account lacks funds, the endpoint does not answer or is of another chain. */
export type RelayTrouble = { readonly code: ErrorCode; readonly message: string };

/** This client's own way to the chain, in place of the nodes' relays. */
export type OwnRelay = Pick<NodeApi, "getWallet"> & {
  readonly relayAppend: (append: Append, call?: Call) => Promise<RelayOutcome>;
  readonly relayIdentity: (action: IdentityAction, call?: Call) => Promise<RelayOutcome>;
  /** The account that pays. */
  readonly account: Address;
  readonly findInstallation: (
    place: { inbox: InboxId; installation: InstallationKey },
    call?: Call,
  ) => ReturnType<PaidChain["findInstallation"]>;
  readonly readInbox: (inbox: InboxId, call?: Call) => ReturnType<PaidChain["readInbox"]>;
  /** The chain's newest block. */
  readonly readHead: (call?: Call) => ReturnType<PaidChain["readHead"]>;
  /** Reaches the endpoint. Throws `chain-unreachable`, `wrong-chain`. */
  readonly check: (call?: Call) => Promise<void>;
  /** What went wrong at the last try; undefined if the chain was reached. */
  trouble: RelayTrouble | undefined;
};

/**
 * Opens a client's own way to the chain. The endpoint is reached, the code that talks to it is loaded, and the endpoint
 * is checked to be of the network when it is first needed. Throws `bad-config`.
 */
export function openOwnRelay(params: {
  chain: OwnChain;
  network: Network;
  proxy?: ProxyChoice;
  onTrouble: (trouble: RelayTrouble) => void;
  /** Aborts when the client ends. */
  signal: AbortSignal;
}): OwnRelay {
  const { chain, network, proxy, onTrouble, signal } = params;
  const account = addressOf(chain);
  let opening: Promise<PaidChain> | undefined;
  const opened = async (): Promise<PaidChain> => {
    opening ??= load({ ...chain, network, proxy, signal });
    try {
      return await opening;
    } catch (error) {
      opening = undefined;
      throw error;
    }
  };
  const run = async <Answer>(
    { isPaid }: { isPaid: boolean },
    call: Call | undefined,
    ask: (paid: PaidChain) => Promise<Answer>,
  ) => {
    try {
      const answer = await endedBy({ call, promise: opened().then(ask) });
      // A read costs nothing, so it does not show that the account has funds again.
      if (isPaid || relay.trouble?.code !== "unfunded") relay.trouble = undefined;
      return answer;
    } catch (error) {
      if (!call?.signal?.aborted && !signal.aborted && isWeftError(error)) tell(error);
      throw error;
    }
  };
  const [paid, free] = [{ isPaid: true }, { isPaid: false }];
  const tell = ({ code, message }: RelayTrouble): void => {
    const isNews = relay.trouble?.code !== code;
    relay.trouble = { code, message };
    if (isNews) onTrouble(relay.trouble);
  };
  const relay: OwnRelay = {
    account,
    relayAppend: (append, call) => run(paid, call, (chain) => chain.relayAppend(append, call)),
    relayIdentity: (action, call) => run(paid, call, (chain) => chain.relayIdentity(action, call)),
    getWallet: ({ wallet }, call) => run(free, call, (chain) => chain.readWallet(wallet)),
    findInstallation: (place, call) => run(free, call, (chain) => chain.findInstallation(place)),
    readInbox: (inbox, call) => run(free, call, (chain) => chain.readInbox(inbox)),
    readHead: (call) => run(free, call, (chain) => chain.readHead()),
    check: (call) => run(free, call, async () => undefined),
    trouble: undefined,
  };
  return relay;
}

/** Loads the code that talks to the chain: an app that pays for nothing never does. */
async function load(
  params: OwnChain & { network: Network; proxy: ProxyChoice; signal: AbortSignal },
): Promise<PaidChain> {
  const { openPaidChain } = await import("../../chain/relay/openPaidChain.ts").catch((cause: unknown) => {
    const message = "the code that talks to the chain could not be loaded";
    throw new WeftError({ code: "chain-unreachable", message, cause });
  });
  return await openPaidChain(params);
}

/** Ends the wait when the call's signal aborts; what was begun goes on for others who asked. */
async function endedBy<Answer>(params: {
  call: Call | undefined;
  promise: Promise<Answer>;
}): Promise<Answer> {
  const { promise } = params;
  const signal = params.call?.signal;
  if (!signal) return await promise;
  promise.catch(() => undefined);
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function addressOf({ rpcUrl, account }: OwnChain): Address {
  if (!/^https?:$/.test(URL.parse(rpcUrl)?.protocol ?? "")) {
    throw new WeftError({ code: "bad-config", message: "chain.rpcUrl is not an http(s) address" });
  }
  try {
    return asAddress(typeof account === "string" ? addressFromPrivateKey(fromHex(account)) : account.address);
  } catch {
    // No cause: it might quote the key.
    const message =
      "chain.account is neither a private key of 32 bytes in hex nor an account with an address";
    throw new WeftError({ code: "bad-config", message });
  }
}
