import { inboxIdOf } from "../../src/chain/layout/inboxIdOf.ts";
import { appendDigest } from "../../src/chain/sign/signAppend.ts";
import { refusal } from "../../src/chain/submit/refusal.ts";
import { recoverAddress } from "../../src/crypto/secp256k1.ts";
import type { ErrorCode } from "../../src/errors.ts";
import type { IndexableRecord } from "../../src/store/node/indexableRecord.ts";
import type { Append } from "../../src/wire/append.ts";
import { entryId, groupIdOf } from "../../src/wire/entry.ts";
import type { IdentityAction } from "../../src/wire/identityAction.ts";
import { type Address, asAddress, type EntryId, type GroupId, type InboxId } from "../../src/wire/ids.ts";
import { verifyInstallationProof } from "../../src/wire/installationProof.ts";
import { MAX_ENTRY_PAYLOAD_BYTES } from "../../src/wire/limits.ts";
import type { Network } from "../../src/wire/network.ts";
import type { RelayOutcome } from "../../src/wire/relayOutcome.ts";

export type Transaction =
  | { readonly kind: "append"; readonly append: Append }
  | { readonly kind: "identity"; readonly action: IdentityAction }
  | { readonly kind: "record"; readonly body: RecordBody };

type Unplaced<T> = T extends unknown ? Omit<T, "block" | "logIndex"> : never;
export type RecordBody = Unplaced<IndexableRecord>;

/** What the contracts store at the end of a block. */
export type ChainState = {
  /** Also the root of every group, under its id. */
  readonly entries: ReadonlyMap<
    EntryId | GroupId,
    { readonly authority: Address; readonly children: number }
  >;
  readonly inboxes: ReadonlyMap<InboxId, ReadonlyMap<string, "active" | "revoked">>;
  readonly wallets: ReadonlyMap<Address, { readonly inbox: InboxId | undefined; readonly nonce: bigint }>;
};

export type Landing =
  | { readonly kind: "landed"; readonly state: ChainState; readonly bodies: readonly RecordBody[] }
  | Exclude<RelayOutcome, { kind: "submitted" }>;

export const EMPTY_CHAIN: ChainState = { entries: new Map(), inboxes: new Map(), wallets: new Map() };

/**
 * What a transaction does on top of a state: contracts/CommitLog.sol, and of contracts/IdentityRegistry.sol what those
 * can meet who sign with their own wallets, whose signatures are therefore not looked at. Pure.
 */
export function applyTransaction(params: {
  network: Network;
  state: ChainState;
  transaction: Transaction;
}): Landing {
  const { network, state, transaction } = params;
  switch (transaction.kind) {
    case "append":
      return applyAppend({ network, state, append: transaction.append });
    case "identity":
      return applyIdentity({ network, state, action: transaction.action });
    case "record":
      return { kind: "landed", state, bodies: [transaction.body] };
  }
}

/** In the order of CommitLog._append. */
function applyAppend(params: { network: Network; state: ChainState; append: Append }): Landing {
  const { network, state, append } = params;
  const { group, parent, limit, authority, payload } = append;
  const id = entryId(append);
  if (payload.length > MAX_ENTRY_PAYLOAD_BYTES) return refuse("too-large");
  if (payload[0] !== 1) return refuse("mesh-payload-on-chain");
  if (state.entries.has(id)) return { kind: "exists" };
  const above = state.entries.get(parent);
  if (parent !== group && above === undefined) return refuse("unknown-parent");
  const children = above?.children ?? 0;
  if (children > limit) return { kind: "stale", children };
  const signer = signerOf(network, append);
  const isEntitled =
    signer !== undefined && (parent === group ? groupIdOf(signer) === group : signer === above?.authority);
  if (!isEntitled) return refuse("bad-signature");
  const entries = new Map(state.entries)
    .set(parent, { authority: above?.authority ?? signer, children: children + 1 })
    .set(id, { authority, children: 0 });
  const body = { kind: "entry", group, id, parent, index: children, authority, payload } as const;
  return { kind: "landed", state: { ...state, entries }, bodies: [body] };
}

/** An append is looked at when it is relayed and when it is mined, and recovering a key takes a millisecond. */
const signers = new WeakMap<Append, Address | "nobody">();

function signerOf(network: Network, append: Append): Address | undefined {
  const known = signers.get(append);
  if (known !== undefined) return known === "nobody" ? undefined : known;
  const digest = appendDigest({ network, ...append });
  const signer = recoverAddress({ digest, signature: append.signature });
  signers.set(append, signer === undefined ? "nobody" : asAddress(signer));
  return signer && asAddress(signer);
}

function applyIdentity(params: { network: Network; state: ChainState; action: IdentityAction }): Landing {
  const { network, state, action } = params;
  switch (action.kind) {
    case "create-inbox": {
      const { signer: wallet } = action.wallet;
      const { salt } = action;
      const inbox = inboxIdOf({ wallet, salt });
      const known = state.inboxes.get(inbox);
      if (known) return known.has(action.installation) ? { kind: "exists" } : refuse("not-allowed");
      const created = { ...state, inboxes: new Map(state.inboxes).set(inbox, new Map()) };
      const added = addInstallation({ network, state: created, action, inbox });
      if (added.kind !== "landed") return added;
      return { ...added, bodies: [{ kind: "inbox-created", inbox, wallet, salt }, ...added.bodies] };
    }
    case "add-installation":
      return addInstallation({ network, state, action, inbox: action.inbox });
    case "revoke-installation": {
      const { inbox, installation, by, signature } = action;
      const installations = state.inboxes.get(inbox);
      const status = installations?.get(installation);
      if (!installations || status === undefined) return refuse("unknown-record");
      if (status === "revoked") return { kind: "exists" };
      const after = new Map(installations).set(installation, "revoked");
      return {
        kind: "landed",
        state: { ...state, inboxes: new Map(state.inboxes).set(inbox, after) },
        bodies: [{ kind: "installation-revoked", inbox, installation, by, signature }],
      };
    }
    case "link-wallet":
    case "unlink-wallet":
    case "set-recovery":
    case "veto-recovery":
      return refuse("not-allowed");
  }
}

function addInstallation(params: {
  network: Network;
  state: ChainState;
  action: IdentityAction & { kind: "create-inbox" | "add-installation" };
  inbox: InboxId;
}): Landing {
  const { network, state, action, inbox } = params;
  const { installation, installationSignature, wallet: authorization } = action;
  const { signer: wallet, ...consent } = authorization;
  const { nonce } = consent;
  const installations = state.inboxes.get(inbox);
  if (!installations) return refuse("unknown-record");
  const status = installations.get(installation);
  if (status) return status === "active" ? { kind: "exists" } : refuse("revoked");
  if ((state.wallets.get(wallet)?.nonce ?? 0n) !== nonce) return refuse("replayed");
  const proof = { network, inbox, installation, signature: installationSignature };
  const isVoid = !verifyInstallationProof(proof);
  return {
    kind: "landed",
    state: {
      ...state,
      inboxes: new Map(state.inboxes).set(inbox, new Map(installations).set(installation, "active")),
      wallets: new Map(state.wallets).set(wallet, { inbox, nonce: nonce + 1n }),
    },
    bodies: [
      { kind: "installation-added", inbox, installation, wallet, installationSignature, isVoid, consent },
    ],
  };
}

function refuse(code: ErrorCode): Landing {
  return refusal({ code, message: code });
}
