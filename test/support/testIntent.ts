import type { Action, Intent } from "../../src/reconciler/records/intent.ts";
import { asId, type EntryId, type GroupId, type InboxId, type InstallationKey } from "../../src/wire/ids.ts";

export const testId = <T extends EntryId | GroupId | InboxId | InstallationKey>(digit: number): T =>
  asId(`0x${digit.toString(16).padStart(64, "0")}`);

/** An intent that has just been taken into the outbox. */
export function testIntent(params: { action: Action; sequence?: number } & Partial<Intent>): Intent {
  const { sequence = 1, ...others } = params;
  return {
    id: `0x${sequence.toString(16).padStart(32, "0")}`,
    sequence,
    group: testId<GroupId>(7),
    createdAtMs: 0,
    progress: { kind: "queued" },
    resolved: undefined,
    remaining: undefined,
    landed: [],
    replaces: [],
    audience: undefined,
    acknowledged: false,
    racesLost: 0,
    rebased: 0,
    attempts: 0,
    retryAtMs: 0,
    retryAtBlock: 0,
    ...others,
  };
}
