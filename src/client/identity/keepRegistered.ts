import type { ErrorCode } from "../../errors.ts";
import { neverCounts } from "../../identity/inboxHistory.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import { rankOwnNodes } from "../asking/rankGroupNodes.ts";
import { type IdentityRecord, tables } from "../database/tables.ts";
import type { ClientCore, CoreParts } from "../group/core.ts";
import { noticeCopy } from "../group/noticeCopy.ts";
import { findRegistration } from "../nodes/findRegistration.ts";
import { relayRecord } from "../nodes/relayRecord.ts";
import { confirmRegistration } from "./confirmRegistration.ts";
import { selfOf } from "./openIdentity.ts";
import { keepAction, registerInstallation, signRecord } from "./registerInstallation.ts";

type Params = { core: ClientCore; signal: AbortSignal };

/** Codes of refusals of what was right when it was signed. */
const isOutdated: Partial<Record<ErrorCode, true>> = {
  replayed: true,
  expired: true,
  "unknown-record": true,
  "not-allowed": true,
};

/**
 * Looks after this installation's place in the registry until it is final. An installation that replaces another is
 * registered. Where a reorganization took the registration, the same signed record is sent again, or another one if two
 * operators agree that it can't land any more. An installation that has landed so that it never counts is replaced once
 * that is final and confirmed. True if there is nothing left to do.
 */
export async function keepRegistered(params: Params): Promise<boolean> {
  const { core, signal } = params;
  const record = await tables.identity.get(core.database, {});
  if (!record) return true;
  if (!record.registered) {
    core.self = selfOf(await registerInstallation({ ...core, record, signal }));
    core.registryWakeup.wake();
    return false;
  }
  if (isVoidForGood(core)) {
    await noticeCopy({ core, evidence: { kind: "void-registration" } });
    return false;
  }
  if (!record.action) return true;
  const { action, inbox, installation } = record;
  const { links, ownRelay, network, finalityBlocks } = core;
  const asked = { links, ownRelay, ranked: rankOwnNodes(core), signal };
  const known = { before: core.inboxes.get(inbox), finalityBlocks };
  const registration = await findRegistration({ ...asked, network, inbox, installation, known });
  const { listed } = registration;
  const isFinal = listed && !listed.isVoid && listed.head >= listed.addedBlock + finalityBlocks;
  const testimony = await confirmRegistration({ ...core, registration, signal });
  if (testimony !== "agreed" && testimony !== "silent") return false;
  if (listed && !isFinal) return false;
  if (isFinal) {
    const final = { ...record, action: undefined };
    await writeAtomic({ database: core.database, writes: [tables.identity.put({}, final)], sync: false });
    return true;
  }
  const turn = core.registrationTurns++;
  const outcome = await relayRecord({ ...asked, action, turn });
  core.logger.info({ inbox, outcome: outcome.kind }, "sent the registration again");
  if (outcome.kind === "refused" && isOutdated[outcome.code]) await signAnew({ core, record, turn, signal });
  return false;
}

/**
 * True if the chain lists this installation so that it never counts, for good: one node alone ends no installation, nor
 * does what a reorganization may still take.
 */
function isVoidForGood({
  inboxes,
  self,
  finalityBlocks,
}: CoreParts<"finalityBlocks" | "inboxes" | "self">): boolean {
  const snapshot = inboxes.get(self.inbox);
  const own = snapshot?.history?.installations.find(
    ({ installation }) => installation === self.installation.key,
  );
  return (
    snapshot !== undefined &&
    own !== undefined &&
    neverCounts(own) &&
    snapshot.confirmedAsOf >= own.addedBlock + finalityBlocks
  );
}

/** Signs another record, since one of the wallet's landed in its place, or it has expired. */
async function signAnew(params: Params & { record: IdentityRecord; turn: number }): Promise<void> {
  const { core, record, turn, signal } = params;
  const place = { ...core, record, signal };
  const action = await signRecord(place, turn);
  if (action) await keepAction(place, action);
}
