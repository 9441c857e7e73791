import { concatBytes } from "../crypto/concatBytes.ts";
import { keccak256 } from "../crypto/keccak256.ts";
import { abiWord } from "../wire/identityMessages.ts";
import type { IdentityStep } from "../wire/identityStep.ts";
import { type Address, type InboxId, toHex } from "../wire/ids.ts";
import { type HistoryInstallation, type InboxHistory, recoveryAt, type Vouch } from "./inboxHistory.ts";

/** The limit is that of IdentityRegistry.MAX_ACTIVE_INSTALLATIONS. */
const MAX_ACTIVE_INSTALLATIONS = 32;

type Step<Kind extends IdentityStep["kind"]> = Extract<IdentityStep, { readonly kind: Kind }>;

/** The parts of a history that a step changes. */
type Standing = Pick<InboxHistory, "recovery" | "proposal" | "wallets" | "installations">;

type Change<Kind extends IdentityStep["kind"]> = {
  readonly state: Standing;
  readonly step: Step<Kind>;
  /** What vouches for each signature of the step, in its order. */
  readonly vouches: readonly Vouch[];
};

const ORDER: readonly Vouch[] = ["secp256k1", "contract", "nobody"];

/** Founds an inbox by its first step; undefined unless the id is that of the step's wallet and salt. */
export function foundInbox(params: {
  inbox: InboxId;
  step: Step<"create-inbox">;
  vouches: readonly Vouch[];
  isVoid: boolean;
}): Standing | undefined {
  const { inbox, step, vouches, isVoid } = params;
  const { wallet, block } = step;
  const id = toHex(keccak256(concatBytes(abiWord(wallet), abiWord(step.salt))));
  if (id !== inbox) return undefined;
  const vouch = weakest(...vouches);
  const recovery = { wallet, vouch };
  const linked = { wallet, linkedBlock: block, unlinkedBlock: undefined, vouch };
  return {
    recovery,
    proposal: undefined,
    wallets: [linked],
    installations: [added({ step, vouch, isVoid })],
  };
}

/**
 * Computes what a later step makes of an inbox; undefined if the contract would have refused it. Whether the signer may
 * do that is asked as the contract does, so that wallets and installations are those of its storage; what vouches for
 * each stands beside it.
 */
export function applyStep(params: {
  state: Standing;
  step: IdentityStep;
  vouches: readonly Vouch[];
  isVoid: boolean;
}): Standing | undefined {
  const { state, step, vouches, isVoid } = params;
  switch (step.kind) {
    case "create-inbox":
      return undefined;
    case "add-installation":
      return addInstallation({ state, step, vouches, isVoid });
    case "revoke-installation":
      return revokeInstallation({ state, step, vouches });
    case "link-wallet":
      return linkWallet({ state, step, vouches });
    case "unlink-wallet":
      return unlinkWallet({ state, step, vouches });
    case "set-recovery":
      return proposeRecovery({ state, step, vouches });
    case "veto-recovery":
      return vetoRecovery({ state, step, vouches });
  }
}

function addInstallation(params: Change<"add-installation"> & { isVoid: boolean }): Standing | undefined {
  const { state, step, vouches, isVoid } = params;
  const { installations } = state;
  const by = linkOf(state, step.wallet);
  const isKnown = installations.some(({ installation }) => installation === step.installation);
  const active = installations.filter(({ revokedBlock }) => revokedBlock === undefined);
  if (!by || isKnown || active.length >= MAX_ACTIVE_INSTALLATIONS) return undefined;
  const vouch = weakest(by.vouch, ...vouches);
  return { ...state, installations: [...installations, added({ step, vouch, isVoid })] };
}

function added(params: {
  step: Step<"create-inbox" | "add-installation">;
  vouch: Vouch;
  isVoid: boolean;
}): HistoryInstallation {
  const { step, vouch, isVoid } = params;
  const { installation, wallet, block: addedBlock } = step;
  const open = { revokedBlock: undefined, revocationVouch: undefined };
  return { installation, wallet, addedBlock, ...open, vouch, isVoid };
}

function revokeInstallation({ state, step, vouches }: Change<"revoke-installation">): Standing | undefined {
  const { by, block } = step;
  const known = state.installations.find(({ installation }) => installation === step.installation);
  if (!known || known.revokedBlock !== undefined) return undefined;
  const recovery = recoveryAt({ history: state, time: step.time });
  // The wallet that added it may be unlinked by now.
  const standings = [
    ...(by === known.wallet ? [known.vouch] : []),
    ...(by === recovery.wallet ? [recovery.vouch] : []),
  ];
  if (standings.length === 0) return undefined;
  const revocationVouch = weakest(strongest(...standings), ...vouches);
  const revoked = { ...known, revokedBlock: block, revocationVouch };
  return { ...state, installations: state.installations.map((one) => (one === known ? revoked : one)) };
}

function linkWallet({ state, step, vouches }: Change<"link-wallet">): Standing | undefined {
  const by = linkOf(state, step.by);
  if (!by || linkOf(state, step.wallet)) return undefined;
  const { wallet, block: linkedBlock } = step;
  const linked = { wallet, linkedBlock, unlinkedBlock: undefined, vouch: weakest(by.vouch, ...vouches) };
  return { ...state, wallets: [...state.wallets.filter((one) => one.wallet !== wallet), linked] };
}

function unlinkWallet({ state, step }: Change<"unlink-wallet">): Standing | undefined {
  const known = linkOf(state, step.wallet);
  const recovery = recoveryAt({ history: state, time: step.time });
  if (!known || (step.by !== step.wallet && step.by !== recovery.wallet)) return undefined;
  const unlinked = { ...known, unlinkedBlock: step.block };
  return { ...state, wallets: state.wallets.map((one) => (one === known ? unlinked : one)) };
}

function proposeRecovery({ state, step, vouches }: Change<"set-recovery">): Standing | undefined {
  const { recovery: wallet, changesAt, time } = step;
  const recovery = recoveryAt({ history: state, time });
  const link = linkOf(state, step.by);
  const standings = [...(step.by === recovery.wallet ? [recovery.vouch] : []), ...(link ? [link.vouch] : [])];
  if (standings.length === 0 || BigInt(wallet) === 0n || changesAt < time) return undefined;
  const vouch = weakest(strongest(...standings), ...vouches);
  return { ...state, recovery, proposal: { wallet, changesAt, vouch } };
}

function vetoRecovery({ state, step }: Change<"veto-recovery">): Standing | undefined {
  const { recovery, proposal } = state;
  const isPending = proposal !== undefined && step.time < proposal.changesAt;
  if (!isPending || proposal.wallet !== step.recovery || recovery.wallet !== step.by) return undefined;
  return { ...state, proposal: undefined };
}

function linkOf({ wallets }: Standing, wallet: Address) {
  return wallets.find((one) => one.wallet === wallet && one.unlinkedBlock === undefined);
}

function weakest(...vouches: readonly Vouch[]): Vouch {
  return ORDER[Math.max(...vouches.map((vouch) => ORDER.indexOf(vouch)))] ?? "nobody";
}

function strongest(...vouches: readonly Vouch[]): Vouch {
  return ORDER[Math.min(...vouches.map((vouch) => ORDER.indexOf(vouch)))] ?? "nobody";
}
