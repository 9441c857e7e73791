import { inboxIdOf } from "../../chain/layout/inboxIdOf.ts";
import { deadlineAfter, signAddInstallation, signCreateInbox } from "../../chain/sign/signIdentity.ts";
import type { Wallet } from "../../chain/sign/wallet.ts";
import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import { WeftError } from "../../errors.ts";
import { createInstallation } from "../../identity/createInstallation.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { Database } from "../../store/openDatabase.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import type { IdentityAction } from "../../wire/identityAction.ts";
import { signInstallationProof } from "../../wire/installationProof.ts";
import type { Network } from "../../wire/network.ts";
import { type IdentityRecord, tables } from "../database/tables.ts";
import { isNodeFault } from "../nodes/askNodes.ts";
import { askWallet } from "../nodes/askWallet.ts";
import { networkMs } from "../nodes/chainTime.ts";
import { findRegistration } from "../nodes/findRegistration.ts";
import { hearOwnChain } from "../nodes/hearOwnChain.ts";
import { answeringFirst, type NodeLinks } from "../nodes/nodeLinks.ts";
import type { OwnRelay } from "../nodes/ownRelay.ts";
import { type IdentityOutcome, relayRecord } from "../nodes/relayRecord.ts";
import type { Witnesses } from "../witness/witnesses.ts";
import { confirmRegistration } from "./confirmRegistration.ts";

type Params = {
  database: Database;
  network: Network;
  links: NodeLinks;
  ownRelay: OwnRelay | undefined;
  witnesses: Witnesses;
  wallet: Wallet;
  record: IdentityRecord;
  signal: AbortSignal;
};

const POLL_MS = 150;
/** A record that has not landed within this time is signed again. */
const PATIENCE_MS = 10_000;
/** A record that has not landed within this time is handed to another node, as it is: the first may have lost it. */
const HAND_ON_MS = 3_000;
/** How long the inbox is waited for: a reorganization may have taken it, and its other installations send it again. */
const INBOX_PATIENCE_MS = 20_000;
const INBOX_POLL_MS = 500;

/**
 * Has an installation listed by the registry, and gives the record of the one that is. If the chain lists its key in a
 * void addition, as after a relay that swapped its signature, that key can never count, and another one is drawn.
 * Throws the code of a refusal; `no-node` if no node answers, or what the client's own way to the chain lacks.
 */
export async function registerInstallation(params: Params): Promise<IdentityRecord> {
  const { database } = params;
  let { record } = params;
  for (;;) {
    const { outcome, action } = await register({ ...params, record });
    if (outcome === "listed") {
      const registered = { ...record, registered: true, action };
      await writeAtomic({ database, writes: [tables.identity.put({}, registered)], sync: true });
      return registered;
    }
    const { key: installation, privateKey } = createInstallation();
    record = { ...record, installation, privateKey, action: undefined };
    await writeAtomic({ database, writes: [tables.identity.put({}, record)], sync: true });
  }
}

type Registration = {
  readonly outcome: "listed" | "void";
  /** The record that was sent last. */
  readonly action: IdentityAction | undefined;
};

/**
 * Sends the signed record until the chain lists the installation; what an earlier attempt has sent may land, too. Each
 * attempt asks another node first, because one that lies, of the wallet's nonce for instance, would stop all of them.
 */
async function register(params: Params): Promise<Registration> {
  const { record, signal } = params;
  const inboxUntilMs = steadyMs() + INBOX_PATIENCE_MS;
  let { action } = record;
  let turn = 0;
  for (;;) {
    const before = await standingOf(params, turn);
    if (before !== "absent") return { outcome: before, action };
    signal.throwIfAborted();
    const signed = await signRecord(params, turn);
    if (signed) await keepAction(params, signed);
    const outcome = signed && (await relay(params, signed, turn));
    const lacksInbox = !outcome || (outcome.kind === "refused" && outcome.code === "not-allowed");
    // One operator's refusal may be a lie, or pass: it is believed once this client has asked for long enough.
    if ((lacksInbox || outcome.kind === "disputed") && steadyMs() < inboxUntilMs) {
      await waitMs({ ms: INBOX_POLL_MS, signal });
      turn++;
      continue;
    }
    if (!outcome)
      throw new WeftError({ code: "not-allowed", message: `no wallet is in the inbox ${record.inbox}` });
    action = signed;
    if ((outcome.kind === "refused" || outcome.kind === "disputed") && outcome.code !== "replayed") {
      const message = `the installation of inbox ${record.inbox} was not registered: ${outcome.code}`;
      throw new WeftError({ code: outcome.code, message, hint: outcome.hint });
    }
    // Either an earlier record has landed, or whoever told the nonce has lied.
    const isReplayed = outcome.kind === "refused";
    if (isReplayed && signed && (await nonceOf(params, turn + 1)) !== nonceIn(signed)) turn++;
    else turn = await awaitListing({ ...params, action, turn });
  }
}

/** Waits until the record has landed or another is to be signed. Gives the turn that the next attempt has. */
async function awaitListing(params: Params & { action: IdentityAction | undefined; turn: number }) {
  const { action, signal } = params;
  let { turn } = params;
  const untilMs = steadyMs() + PATIENCE_MS;
  let handOnMs = steadyMs() + HAND_ON_MS;
  while (steadyMs() < untilMs && !signal.aborted && (await standingOf(params, turn)) === "absent") {
    if (action && steadyMs() > handOnMs) {
      handOnMs = steadyMs() + HAND_ON_MS;
      turn++;
      await relay(params, action, turn).catch((error: unknown) => {
        if (signal.aborted || !isNodeFault(error)) throw error;
      });
    }
    await waitMs({ ms: POLL_MS, signal });
  }
  return turn + 1;
}

/** Stores a record before anybody has it: it may land though no answer comes, and be taken by a reorganization. */
export async function keepAction(
  { database, record }: Pick<Params, "database" | "record">,
  action: IdentityAction,
): Promise<void> {
  const kept = { ...record, action };
  await writeAtomic({ database, writes: [tables.identity.put({}, kept)], sync: true });
}

/** Signs the record that registers an installation; undefined if the wallet is in no inbox and can't found this one. */
export async function signRecord(params: Params, turn: number): Promise<IdentityAction | undefined> {
  const { network, wallet, record } = params;
  const { inbox, installation, salt, privateKey } = record;
  const state = await askWallet({ ...params, ranked: inTurn(params, turn), wallet: record.wallet });
  const installationSignature = signInstallationProof({ network, inbox, privateKey });
  await hearOwnChain(params);
  const deadline = deadlineAfter({ nowMs: networkMs(params.links) });
  const signer = { wallet, nonce: state.nonce, deadline };
  const common = { network, installation, installationSignature, signer };
  const isFounder = inboxIdOf({ wallet: record.wallet, salt }) === inbox;
  if (state.inbox === undefined) return isFounder ? await signCreateInbox({ ...common, salt }) : undefined;
  return await signAddInstallation({ ...common, inbox });
}

async function nonceOf(params: Params, turn: number): Promise<bigint> {
  const ranked = inTurn(params, turn);
  return (await askWallet({ ...params, ranked, wallet: params.record.wallet })).nonce;
}

function nonceIn(action: IdentityAction): bigint | undefined {
  return "installationSignature" in action ? action.wallet.nonce : undefined;
}

/** One node is believed that the installation is listed, which is looked after until it is final; none that it is void. */
async function standingOf(params: Params, turn: number): Promise<"absent" | "listed" | "void"> {
  const { inbox, installation } = params.record;
  const registration = await findRegistration({
    ...params,
    ranked: inTurn(params, turn),
    inbox,
    installation,
  });
  if (!registration.listed) return "absent";
  if (!registration.listed.isVoid) return "listed";
  return (await confirmRegistration({ ...params, registration })) === "agreed" ? "void" : "absent";
}

function inTurn({ links }: Pick<Params, "links">, turn: number): KnownNode[] {
  const nodes = answeringFirst(links);
  const first = turn % Math.max(1, nodes.length);
  return [...nodes.slice(first), ...nodes.slice(0, first)];
}

async function relay(params: Params, action: IdentityAction, turn: number): Promise<IdentityOutcome> {
  return await relayRecord({ ...params, ranked: answeringFirst(params.links), action, turn });
}
