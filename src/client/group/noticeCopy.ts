import { writeAtomic } from "../../store/writeAtomic.ts";
import { type CopyEvidence, type CopyRecord, tables } from "../database/tables.ts";
import { shownMs } from "../nodes/chainTime.ts";
import type { ChangingCore, CoreParts } from "./core.ts";

/** Gives the record that belongs into the batch with the evidence; undefined if the copy is known already. */
export function copyRecord(
  core: CoreParts<"copy" | "links" | "self">,
  evidence: CopyEvidence,
): CopyRecord | undefined {
  if (core.copy && !core.copy.isReplaced) return undefined;
  const { key: installation } = core.self.installation;
  return { installation, evidence, noticedAtMs: shownMs(core.links), isReplaced: false };
}

/** Lets memory follow once the record is on disk: from then on nothing is sealed or staged. */
export function takeCopy(core: ChangingCore, copy: CopyRecord): void {
  const { installation, evidence } = copy;
  const isVoid = evidence.kind === "void-registration";
  core.logger.warn(
    { installation, evidence: evidence.kind },
    isVoid ? "the registration never counts" : "a copy is at work",
  );
  core.copy = copy;
  core.changes++;
  core.copyWakeup.wake();
  core.events.emit({ kind: "copied", installation });
}

/** Stores evidence that no group's batch brings. */
export async function noticeCopy(params: { core: ChangingCore; evidence: CopyEvidence }): Promise<void> {
  const { core, evidence } = params;
  const copy = copyRecord(core, evidence);
  if (!copy) return;
  await writeAtomic({ database: core.database, writes: [tables.copy.put({}, copy)], sync: true });
  takeCopy(core, copy);
}
