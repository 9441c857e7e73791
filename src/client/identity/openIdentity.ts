import { randomBytes } from "#crypto";
import { inboxIdOf } from "../../chain/inboxIdOf.ts";
import { signAddInstallation, signCreateInbox } from "../../chain/signIdentity.ts";
import type { Wallet } from "../../chain/wallet.ts";
import { WeftError } from "../../errors.ts";
import { createInstallation } from "../../identity/createInstallation.ts";
import type { IdentityAction, NodeApi } from "../../rpc/nodeApi.ts";
import type { Database } from "../../store/openDatabase.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import { type Address, asAddress, ID_BYTES, toHex } from "../../wire/ids.ts";
import { signInstallationProof } from "../../wire/installationProof.ts";
import type { Network } from "../../wire/network.ts";
import type { Self } from "../core.ts";
import { askNodes } from "../links/askNodes.ts";
import { activeNodes, type NodeLinks } from "../links/nodeLinks.ts";
import { type IdentityRecord, tables } from "../tables.ts";
import { waitMs } from "../waitMs.ts";

type Params = {
  database: Database;
  network: Network;
  links: NodeLinks;
  wallet: Wallet;
  /** Reads the list of nodes; only needed where something is to be registered. */
  findNodes: () => Promise<void>;
  signal: AbortSignal;
};

const POLL_MS = 150;
/** A record that has not landed by then is signed again. */
const PATIENCE_MS = 10_000;

/**
 * Who this client is. The first time it makes an installation and has it registered by way of a node: with a new
 * inbox, or in the one that the wallet is in. A crash in between is made good by the next opening.
 * Throws `no-node` if something is to be registered and no node answers, `bad-config` for another wallet's database.
 */
export async function openIdentity(params: Params): Promise<Self> {
  const { database, wallet } = params;
  const address = asAddress(wallet.address);
  const known = await tables.identity.get(database, {});
  if (known && known.wallet !== address) {
    throw new WeftError({
      code: "bad-config",
      message: `this database belongs to the wallet ${known.wallet}`,
    });
  }
  if (known?.registered) return selfOf(known);
  await params.findNodes();
  const record = known ?? (await draftIdentity({ ...params, address }));
  const action = await register({ ...params, record });
  await writeAtomic({
    database,
    writes: [tables.identity.put({}, { ...record, registered: true, action })],
    sync: true,
  });
  return selfOf(record);
}

function selfOf({ inbox, wallet, installation: key, privateKey }: IdentityRecord): Self {
  return { inbox, wallet, installation: { key, privateKey } };
}

async function draftIdentity(params: Params & { address: Address }): Promise<IdentityRecord> {
  const { database, address: wallet, signal } = params;
  const { inbox: existing } = await ask(params, (api) => api.getWallet({ wallet }, { signal }));
  const salt = toHex(randomBytes(ID_BYTES));
  const { key: installation, privateKey } = createInstallation();
  const inbox = existing ?? inboxIdOf({ wallet, salt });
  const record = { inbox, wallet, salt, installation, privateKey, registered: false, action: undefined };
  await writeAtomic({ database, writes: [tables.identity.put({}, record)], sync: true });
  return record;
}

/** Sends the signed record until the chain lists the installation; gives what was sent last. */
async function register(params: Params & { record: IdentityRecord }): Promise<IdentityAction | undefined> {
  const { record, signal } = params;
  let action: IdentityAction | undefined;
  while (!(await isListed(params))) {
    signal.throwIfAborted();
    const signed = await signRecord(params);
    action = signed;
    const outcome = await ask(params, (api) => api.relayIdentity(signed, { signal }));
    if (outcome.kind === "refused" && outcome.code !== "replayed") {
      const message = `the installation of inbox ${record.inbox} was not registered: ${outcome.code}`;
      throw new WeftError({ code: outcome.code, message, hint: outcome.hint });
    }
    const untilMs = Date.now() + PATIENCE_MS;
    while (Date.now() < untilMs && !signal.aborted && !(await isListed(params))) {
      await waitMs({ ms: POLL_MS, signal });
    }
  }
  return action;
}

async function signRecord(params: Params & { record: IdentityRecord }): Promise<IdentityAction> {
  const { network, wallet, record, signal } = params;
  const { inbox, installation, salt, privateKey } = record;
  const state = await ask(params, (api) => api.getWallet({ wallet: record.wallet }, { signal }));
  const installationSignature = signInstallationProof({ network, inbox, privateKey });
  const signer = { wallet, nonce: state.nonce };
  const common = { network, installation, installationSignature, signer };
  if (state.inbox === undefined) return await signCreateInbox({ ...common, salt });
  return await signAddInstallation({ ...common, inbox });
}

async function isListed(params: Params & { record: IdentityRecord }): Promise<boolean> {
  const { record, signal } = params;
  const { inboxes } = await ask(params, (api) => api.getInboxes({ inboxes: [record.inbox] }, { signal }));
  const listed = inboxes[0]?.installations ?? [];
  return listed.some(({ installation }) => installation === record.installation);
}

async function ask<Answer>(params: Params, run: (api: NodeApi) => Promise<Answer>): Promise<Answer> {
  const { links, signal } = params;
  return await askNodes({ links, ranked: activeNodes(links), signal, ask: run });
}
