import type { EntryId } from "../../wire/ids.ts";
import { type Intent, isOrdered } from "../records/intent.ts";
import type { HeadId, StagedRecord } from "../records/records.ts";

/**
 * Tells what a reorganization means to an intent that goes to the chain: if its entry had landed, it has not landed any
 * more. The same bytes are sent again as soon as the entry's parent is there, and the entry may land again by itself.
 * `undefined`: nothing changes.
 */
export function voidedIntent(params: {
  intent: Intent;
  gone: ReadonlySet<HeadId>;
  staged: ReadonlyMap<EntryId, StagedRecord>;
}): Intent | undefined {
  const { intent, gone, staged } = params;
  const { progress } = intent;
  if (!isOrdered(intent)) return undefined;
  const first = intent.landed.find((entry) => gone.has(entry));
  const landed = intent.landed.filter((entry) => !gone.has(entry));
  const entry = first ?? (progress.kind === "staged" ? progress.entry : undefined);
  if (entry === undefined) return undefined;
  const parent = staged.get(entry)?.parent;
  const reopened: Intent = { ...intent, landed, remaining: intent.resolved, retryAtMs: 0 };
  if (parent === undefined) return { ...reopened, progress: { kind: "queued" } };
  return { ...reopened, progress: { kind: "staged", entry, parent, needsChildren: 0, submitted: undefined } };
}
