import { randomBytes } from "#crypto";
import type { IntentReason } from "../../reconciler/policy/reasons.ts";
import { type Action, failed, type Intent } from "../../reconciler/records/intent.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import { type GroupId, type Hex, toHex } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import { changeGroup, type GroupChange } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import type { IntentHandle } from "../group/intentHandle.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { handleOf } from "../group/waiters.ts";
import { shownMs } from "../nodes/chainTime.ts";

const INTENT_ID_BYTES = 16;

/** Takes what the app asked for into the outbox; it is on disk when this resolves. */
export async function addIntent(params: {
  core: ChangingCore & CoreParts<"recovery">;
  group: Group;
  action: Action;
  change?: GroupChange;
  /** What a caller does who can wait until a disk that has failed was read again; without it, that is thrown. */
  untilMended?: () => Promise<void>;
}): Promise<IntentHandle> {
  const { core, group, action, change = {}, untilMended } = params;
  const intent = draftIntent({ core, group: group.id, action });
  const handle = handleOf(core, intent);
  const asked = mergeChanges(change, { intents: [intent], sync: true });
  const write = (mayWait: boolean): Promise<boolean> =>
    group.queue.run(async () => {
      if (mayWait && group.isDoubtful && core.recovery) return false;
      await changeGroup({ core, group, change: asked });
      return true;
    });
  if (!(await write(untilMended !== undefined))) {
    await untilMended?.();
    await write(false);
  }
  return handle;
}

/** Stores an intent that can't even be tried, for a group that this client does not know. */
export async function addFailedIntent(params: {
  core: ChangingCore;
  group: GroupId;
  action: Action;
  reason: IntentReason;
}): Promise<IntentHandle> {
  const { core, reason } = params;
  const intent = failed(draftIntent(params), reason);
  const writes = [
    tables.outbox.put({ sequence: intent.sequence }, intent),
    tables.intentPlace.put({ id: intent.id }, intent.sequence),
  ];
  await writeAtomic({ database: core.database, writes, sync: true });
  return handleOf(core, intent);
}

/** Drafts an intent as it begins. */
export function draftIntent(params: { core: ChangingCore; group: GroupId; action: Action }): Intent {
  const { core, group, action } = params;
  const id: Hex = toHex(randomBytes(INTENT_ID_BYTES));
  return {
    ...{ id, group, action, sequence: core.nextSequence++, createdAtMs: shownMs(core.links) },
    ...{ progress: { kind: "queued" }, resolved: undefined, remaining: undefined, audience: undefined },
    ...{ landed: [], replaces: [], acknowledged: false },
    ...{ racesLost: 0, rebased: 0, attempts: 0, retryAtMs: 0, retryAtBlock: 0 },
  };
}
