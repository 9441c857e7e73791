import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Client, listNames, openClient } from "../../index.ts";
import { asAddress } from "../../wire/ids.ts";
import { loadPayer } from "./loadPayer.ts";
import { loadWallet } from "./loadWallet.ts";
import { type Names, openNames } from "./names.ts";
import { findPlace, type Place, type PlaceOptions } from "./place.ts";
import { type Profile, readProfile, writeProfile } from "./profile.ts";

/** Somebody at a terminal, with an open client. Disposing closes it. */
export type Account = AsyncDisposable & {
  readonly client: Client;
  readonly place: Place;
  readonly profile: Profile;
  readonly names: Names;
};

/** Everything is on disk whenever something was promised: nobody waits longer than this for nodes that hang. */
const CLOSE_PATIENCE_MS = 1_500;

/**
 * Opens the account of a data directory; the first time on a network it draws a wallet and sets up an inbox, which
 * `tell` hears of, since it takes some seconds. Throws `bad-config`, `no-node`, and `storage` while another process
 * has it open.
 */
export async function openAccount(params: {
  options: PlaceOptions;
  signal: AbortSignal;
  tell: (progress: string) => void;
  /** False: an account that was set up stays cut off, until `setOnline`. */
  online?: boolean;
}): Promise<Account> {
  const { options, signal, tell, online = true } = params;
  const place = await findPlace(options);
  const { name, home } = place;
  const known = readProfile(home);
  const chain = await loadPayer(options);
  if (!known) tell(`setting up ${name}: an inbox on chain ${place.network.chainId}, keys on the nodes …`);
  const wallet = await loadWallet(place.directory);
  const client = await openClient({
    directory: join(home, "database"),
    wallet,
    nodes: place.nodes,
    network: place.network,
    ...(chain ? { chain } : {}),
    ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
    witnesses: place.devnetNodes.length === 1 ? "one-operator" : [],
    online: online || known === undefined,
    signal,
  });
  const { inbox, installation } = client;
  const profile = { name, inbox, wallet: asAddress(wallet.address), installation };
  await writeProfile({ home, profile });
  const dispose = () => Promise.race([client[Symbol.asyncDispose](), delay(CLOSE_PATIENCE_MS)]);
  return {
    client,
    place,
    profile,
    names: openNames({ home, self: profile, noted: await listNames({ client }) }),
    [Symbol.asyncDispose]: dispose,
  };
}
