import { signRevokeInstallation } from "../chain/sign/signIdentity.ts";
import { steadyMs } from "../clock/steadyMs.ts";
import { waitMs } from "../clock/waitMs.ts";
import { type ErrorCode, WeftError } from "../errors.ts";
import { asId, type Hex, type InstallationKey } from "../wire/ids.ts";
import { activeNodes } from "./nodes/nodeLinks.ts";
import { type IdentityOutcome, relayRecord } from "./nodes/relayRecord.ts";
import { type OpenWallet, type WalletPlace, withWallet } from "./wallet/openWallet.ts";
import { readOwnHistory } from "./wallet/readOwnHistory.ts";

/**
 * What became of one installation: `revoked`, also if it was so before, confirmed unless only one node has told it;
 * `refused` by the chain, with what that says.
 */
export type Revoked =
  | { readonly installation: InstallationKey; readonly kind: "revoked"; readonly isConfirmed: boolean }
  | {
      readonly installation: InstallationKey;
      readonly kind: "refused";
      readonly code: ErrorCode;
      readonly hint: string;
    };

/** What did not land within this time is handed over again. */
const SEND_AGAIN_MS = 3_000;
const POLL_MS = 200;
const PATIENCE_MS = 60_000;

/**
 * Ends installations of the wallet's inbox for ever. Nothing is needed but the wallet, which has to be the one that
 * added them or the inbox's recovery wallet. Resolves when the chain lists as revoked all of them that it takes; once
 * it does, others of their groups take them out. To revoke twice is the same as once. Throws what `listInstallations`
 * of a wallet throws; `malformed` for what is no key, `bad-signature` if the wallet declines, `chain-unreachable` if
 * they do not land within a minute.
 */
export async function revokeInstallations(
  params: WalletPlace & { readonly installations: readonly Hex[] },
): Promise<readonly Revoked[]> {
  const keys = [...new Set(params.installations.map((key) => asId<InstallationKey>(key)))];
  return await withWallet(params, async (opened) => {
    const { network, wallet, inbox, signal } = opened;
    const ended = new Map<InstallationKey, Revoked>();
    const actions = new Map<InstallationKey, Awaited<ReturnType<typeof signRevokeInstallation>>>();
    for (const installation of keys) {
      actions.set(installation, await signRevokeInstallation({ network, wallet, inbox, installation }));
    }
    const untilMs = steadyMs() + PATIENCE_MS;
    for (let sentMs = Number.NEGATIVE_INFINITY; ended.size < keys.length; ) {
      if (steadyMs() > untilMs) throw tooLate(ended.size, keys.length);
      if (steadyMs() - sentMs >= SEND_AGAIN_MS) {
        for (const [installation, action] of actions) {
          if (ended.has(installation)) continue;
          const outcome = await relayRecord({ ...opened, ranked: activeNodes(opened.links), action });
          const end = endOf({ opened, installation, outcome });
          if (end) ended.set(installation, end);
        }
        sentMs = steadyMs();
      }
      const { revoked, isConfirmed } = await revokedOnes(opened);
      for (const installation of revoked) {
        if (actions.has(installation))
          ended.set(installation, { installation, kind: "revoked", isConfirmed });
      }
      if (ended.size < keys.length) await waitMs({ ms: POLL_MS, signal });
      signal.throwIfAborted();
    }
    return keys.flatMap((key) => ended.get(key) ?? []);
  });
}

/**
 * Says whether an outcome ends a revocation: a node's word alone does not, but a refusal that two operators agree on
 * does, and so does what the wallet's own way to the chain says.
 */
function endOf(params: {
  opened: OpenWallet;
  installation: InstallationKey;
  outcome: IdentityOutcome;
}): Revoked | undefined {
  const { opened, installation, outcome } = params;
  if (outcome.kind === "refused") {
    const { code, hint } = outcome;
    return { installation, kind: "refused", code, hint };
  }
  return opened.ownRelay && outcome.kind === "exists"
    ? { installation, kind: "revoked", isConfirmed: true }
    : undefined;
}

async function revokedOnes(
  opened: OpenWallet,
): Promise<{ readonly revoked: readonly InstallationKey[]; readonly isConfirmed: boolean }> {
  // A wallet with its own way to the chain learns it there, whether nodes answer or not.
  if (opened.ownRelay) return { revoked: [], isConfirmed: true };
  const { inbox, isProvisional } = await readOwnHistory(opened);
  const revoked = (inbox?.installations ?? []).filter((one) => one.revokedBlock !== undefined);
  return { revoked: revoked.map(({ installation }) => installation), isConfirmed: !isProvisional };
}

function tooLate(done: number, of: number): WeftError {
  const message = `${done} of ${of} revocations are on the chain after ${PATIENCE_MS / 1_000} s`;
  return new WeftError({
    code: "chain-unreachable",
    message,
    hint: "Run it again: what is revoked stays so.",
  });
}
