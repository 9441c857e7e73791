import { steadyMs } from "../../clock/steadyMs.ts";
import { drawChance } from "../../crypto/drawChance.ts";
import { sealGroupInfo } from "../../identity/sealGroupInfo.ts";
import { wrapWelcome } from "../../identity/wrapWelcome.ts";
import { encodeTree } from "../../mls/encodeTree.ts";
import type { EpochKeys } from "../../mls/groupState.ts";
import { spreadWelcomes } from "../../reconciler/intents/spreadWelcomes.ts";
import type { Intent } from "../../reconciler/records/intent.ts";
import type { StagedRecord, StagedWelcome } from "../../reconciler/records/records.ts";
import type { Publication } from "../../reconciler/view/viewOfGroup.ts";
import { type Envelope, envelopeHash } from "../../wire/envelope.ts";
import type { EntryId } from "../../wire/ids.ts";
import { letOthersRun } from "../../wire/letOthersRun.ts";
import type { Welcome } from "../../wire/welcome.ts";
import { nodesOfTopic } from "../asking/nodesOfTopic.ts";
import { readEpoch } from "../database/epochStates.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";

/** Finds an adopted entry of this client whose Welcomes are still to be written. */
export function entryToWelcome(
  group: Group,
): { intent: Intent; entry: EntryId; staged: StagedRecord } | undefined {
  for (const intent of group.view.intents) {
    for (const entry of intent.landed) {
      const staged = group.view.staged.get(entry);
      if (staged?.welcome) return { intent, entry, staged };
    }
  }
  return undefined;
}

/** True if an intent has commits whose Welcomes are still to be written. */
export function owesWelcome(group: Group, intent: Intent): boolean {
  return intent.landed.some((entry) => group.view.staged.get(entry)?.welcome !== undefined);
}

/**
 * Writes the Welcomes of an adopted commit to the disk, from where they are delivered. It is never done before, so that
 * nobody is welcomed to an epoch that does not come to be. Sealing and its work take a while, and the group goes on
 * meanwhile.
 */
export async function welcomeIntent(params: {
  core: ChangingCore & CoreParts<"network">;
  group: Group;
  intent: Intent;
  entry: EntryId;
  staged: StagedRecord;
}): Promise<void> {
  const { core, group, intent, entry, staged } = params;
  const at = { database: core.database, group: group.id, cache: group.epochs };
  const epoch = await group.queue.run(() => readEpoch({ ...at, head: entry }));
  const { welcome } = staged;
  if (!epoch || !welcome) return;
  const sealed = await welcomePublications({ core, intent, entry, state: epoch.state, welcome });
  await group.queue.run(async () => {
    const now = entryToWelcome(group);
    if (now?.entry !== entry || now.intent.id !== intent.id || now.staged.welcome !== welcome) return;
    const first = 1 + Math.max(-1, ...partsOf(group, intent));
    const publications = sealed.map((one) => ({ ...one, part: first + one.part }));
    const told: [EntryId, StagedRecord] = [entry, { ...now.staged, welcome: undefined }];
    await changeGroup({ core, group, change: { publications, staged: [told], sync: true } });
  });
}

/**
 * Builds the envelopes that welcome the recipients to an entry, as parts of an intent from 0 on: in random order, over
 * some time.
 */
export async function welcomePublications(params: {
  core: CoreParts<"network" | "links">;
  intent: Pick<Intent, "id" | "group" | "sequence">;
  entry: EntryId;
  /** The state of the epoch that the entry opened. */
  state: EpochKeys;
  welcome: StagedWelcome;
}): Promise<Publication[]> {
  const { core, intent, entry, state, welcome } = params;
  const { encryptedGroupInfo, recipients } = welcome;
  const isServed = (topic: Uint8Array) => nodesOfTopic(core, topic).length > 0;
  const info = await sealGroupInfo({ encryptedGroupInfo, ratchetTree: encodeTree(state) }, isServed);
  const wrapped: Envelope[] = [];
  for (const { installation, wrapperKey, ...recipient } of recipients) {
    const one: Welcome = { group: intent.group, entry, groupInfo: info.reference, ...recipient };
    wrapped.push(wrapWelcome({ installation, wrapperKey, welcome: one }));
    await letOthersRun();
  }
  const items = [...info.envelopes, ...wrapped];
  const spread = spreadWelcomes({ items, nowMs: steadyMs(), chance: drawChance });
  return spread.map(({ item: envelope, dueAtMs }, part) =>
    publicationOf({ intent, envelope, part, dueAtMs }),
  );
}

function partsOf(group: Group, intent: Intent): number[] {
  return group.view.publications
    .filter(({ sequence }) => sequence === intent.sequence)
    .map(({ part }) => part);
}

function publicationOf(params: {
  intent: Pick<Intent, "id" | "group" | "sequence">;
  envelope: Envelope;
  part: number;
  dueAtMs: number;
}): Publication {
  const { intent, envelope, part, dueAtMs } = params;
  const hash = envelopeHash(envelope);
  return {
    sequence: intent.sequence,
    part,
    record: {
      ...{ intent: intent.id, group: intent.group, envelope, hash },
      ...{ state: "pending", node: undefined, acknowledgedAtMs: 0, dueAtMs },
    },
  };
}
