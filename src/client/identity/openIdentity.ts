import { randomBytes } from "#crypto";
import { inboxIdOf } from "../../chain/layout/inboxIdOf.ts";
import type { Wallet } from "../../chain/sign/wallet.ts";
import { isWeftError, WeftError } from "../../errors.ts";
import { createInstallation } from "../../identity/createInstallation.ts";
import type { Database } from "../../store/openDatabase.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import { type Address, asAddress, ID_BYTES, toHex } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";
import { type IdentityRecord, tables } from "../database/tables.ts";
import type { Self } from "../group/core.ts";
import type { NodeLinks } from "../nodes/nodeLinks.ts";
import type { OwnRelay } from "../nodes/ownRelay.ts";
import { inboxOfWallet } from "../wallet/inboxOfWallet.ts";
import type { Witnesses } from "../witness/witnesses.ts";
import { registerInstallation } from "./registerInstallation.ts";

type Params = {
  database: Database;
  network: Network;
  links: NodeLinks;
  ownRelay: OwnRelay | undefined;
  witnesses: Witnesses;
  wallet: Wallet;
  /** Reads the list of nodes; only needed if something is to be registered. */
  findNodes: () => Promise<void>;
  signal: AbortSignal;
};

/**
 * Gives the identity of this client. The first time it makes an installation and has it registered, by way of a node or
 * of its own way to the chain: with a new inbox, or in the one that the wallet is in. A crash in between is made good
 * by the next opening. Throws `no-node` if something is to be registered and no node answers, the code of what its own
 * way to the chain lacks, `bad-config` for the database of a wallet of another inbox.
 */
export async function openIdentity(params: Params): Promise<Self> {
  const { database, wallet } = params;
  const address = asAddress(wallet.address);
  const stored = await tables.identity.get(database, {});
  const isOther = stored !== undefined && stored.wallet !== address;
  const known = isOther ? await handOver({ ...params, record: stored, address }) : stored;
  if (known?.registered || (known && (await isReplacement(database)))) return selfOf(known);
  await params.findNodes();
  const record = known ?? (await draftIdentity({ ...params, address }));
  return selfOf(await registerInstallation({ ...params, record }));
}

/**
 * Lets another wallet of the same inbox open the database from now on: the one that set it up may be lost. Throws
 * `bad-config` unless nodes say that the wallet is in the inbox.
 */
async function handOver(
  params: Params & { record: IdentityRecord; address: Address },
): Promise<IdentityRecord> {
  const { database, record, address, findNodes, signal } = params;
  const isSame = async (): Promise<boolean> => {
    await findNodes();
    return (await inboxOfWallet({ ...params, wallet: address })) === record.inbox;
  };
  const isRegistered = record.registered || (await isReplacement(database));
  const mayOpen =
    isRegistered &&
    (await isSame().catch((error: unknown) => {
      if (signal.aborted || !isWeftError(error)) throw error;
      return false;
    }));
  if (!mayOpen) {
    const hint =
      "Open it with that wallet, or with another one of the same inbox while nodes answer (`linkWallet`).";
    const message = `this database belongs to the wallet ${record.wallet}`;
    throw new WeftError({ code: "bad-config", message, hint });
  }
  const handed = { ...record, wallet: address };
  await writeAtomic({ database, writes: [tables.identity.put({}, handed)], sync: true });
  return handed;
}

/**
 * True if this installation replaces that of a copy: it is registered as soon as there is a network, and what is in the
 * database can be read meanwhile.
 */
async function isReplacement(database: Database): Promise<boolean> {
  return (await tables.copy.get(database, {}))?.isReplaced === true;
}

export function selfOf({ inbox, wallet, installation: key, privateKey }: IdentityRecord): Self {
  return { inbox, wallet, installation: { key, privateKey } };
}

async function draftIdentity(params: Params & { address: Address }): Promise<IdentityRecord> {
  const { database, address: wallet } = params;
  const existing = await inboxOfWallet({ ...params, wallet });
  const salt = toHex(randomBytes(ID_BYTES));
  const { key: installation, privateKey } = createInstallation();
  const inbox = existing ?? inboxIdOf({ wallet, salt });
  const record = { inbox, wallet, salt, installation, privateKey, registered: false, action: undefined };
  await writeAtomic({ database, writes: [tables.identity.put({}, record)], sync: true });
  return record;
}
