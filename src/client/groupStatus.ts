import { viewOf } from "../reconciler/branch/epochView.ts";
import type { EpochTally, GroupStatus, HeadId } from "../reconciler/records/records.ts";
import type { EpochDigest } from "../reconciler/timeline/epochDigest.ts";
import { type AppealState, appealOf } from "../reconciler/upkeep/appealOf.ts";
import type { BlockRef } from "../wire/blockRef.ts";
import { readDisappearing } from "../wire/disappearing.ts";
import type { GroupId, Hex, InboxId, InstallationKey, NodeId } from "../wire/ids.ts";
import { type Client, coreOf, groupOf } from "./client.ts";
import { readEpoch } from "./database/epochStates.ts";
import { tables } from "./database/tables.ts";
import type { CoreParts } from "./group/core.ts";
import type { Group } from "./group/group.ts";
import { readDigest } from "./messages/readDigest.ts";

export type GroupState = {
  readonly group: GroupId;
  readonly membership: GroupStatus;
  /** Why this client is cut off; if it was removed: "left" because it asked for it, "revoked" by the registry. */
  readonly reason: string | undefined;
  readonly name: string;
  /** After how many seconds messages disappear that are sealed now; 0: they stay. */
  readonly disappearingSeconds: number;
  readonly head: HeadId;
  readonly epoch: number;
  readonly members: readonly InboxId[];
  /** All of the members' installations that are in the group. */
  readonly installations: readonly InstallationKey[];
  /**
   * If this client is cut off: whether it has told the others, who then remove and add it again or go back; after
   * "too-late" an admin has to do that by hand.
   */
  readonly appeal: AppealState["kind"];
  /** Installations that can't follow, and are to be removed and added again by the others. */
  readonly stranded: readonly InstallationKey[];
  /** Members who have asked to leave and are to be removed by the others. */
  readonly leaving: readonly InboxId[];
  /** The first epoch that this client was in. */
  readonly joinedEpoch: number;
  /** The chain's block up to which this group is read. */
  readonly block: BlockRef;
  /** Epochs that this client was in, in order. */
  readonly epochs: readonly EpochState[];
  /** The digests of epochs without a gap, by epoch: equal for all who were in the epoch from its start to its end. */
  readonly digests: ReadonlyMap<number, Hex>;
  readonly gaps: number;
  readonly messages: number;
  /** The node by way of which the group is read to the chain's end; undefined while it is not. */
  readonly node: NodeId | undefined;
};

export type EpochState = {
  readonly epoch: number;
  readonly entry: HeadId;
  readonly digest: EpochDigest;
};

/**
 * Tells where a group stands, from the local database. `digests: false` leaves `epochs` and `digests` empty: a digest
 * that is asked for the first time takes as long as reading the epoch's messages. Throws `unknown-group`.
 */
export async function groupStatus(params: {
  client: Client;
  group: GroupId;
  digests?: boolean;
}): Promise<GroupState> {
  const core = coreOf(params.client);
  const group = groupOf(core, params.group);
  const tallies = await readTallies(core, group);
  const { record } = group.view;
  const { status, reason, name, head, epoch, members, start } = record;
  const opened = await readEpoch({ database: core.database, group: group.id, cache: group.epochs, head });
  const epochs = params.digests === false ? [] : await epochStates({ core, group, tallies });
  return {
    ...{ group: group.id, membership: status, reason, name, head, epoch, members },
    disappearingSeconds: opened ? (readDisappearing(viewOf(opened.state).context.extra) ?? 0) : 0,
    installations: opened ? viewOf(opened.state).members.map(({ installation }) => installation) : [],
    leaving: members.filter((inbox) => group.view.leaves.leavers.has(inbox)),
    appeal: appealOf({ group, self: core.self.installation.key }).kind,
    stranded: [...group.view.stranded.keys()],
    joinedEpoch: start.epoch,
    block: group.processed,
    epochs,
    digests: new Map(
      epochs.flatMap(({ epoch, digest }) =>
        digest.kind === "digest" ? [[epoch, digest.digest] as const] : [],
      ),
    ),
    gaps: sum([...tallies.values()].map(({ gaps }) => gaps)),
    messages: sum([...tallies.values()].map(({ messages }) => messages)),
    node: group.caughtUpBy,
  };
}

/** Reads a group's tallies, by epoch. */
async function readTallies(
  core: CoreParts<"database">,
  { id: group }: Group,
): Promise<Map<number, EpochTally>> {
  const tallies = new Map<number, EpochTally>();
  for await (const { fields, value } of tables.epochTally.rows(core.database, { under: { group } })) {
    tallies.set(Number(fields.epoch), value);
  }
  return tallies;
}

/** Lists the epochs after epoch 0: nothing is sealed to that, so it has no digest. */
async function epochStates(params: {
  core: CoreParts<"database">;
  group: Group;
  tallies: ReadonlyMap<number, EpochTally>;
}): Promise<EpochState[]> {
  const { group, tallies } = params;
  const states: EpochState[] = [];
  for (const step of group.view.branch.steps.filter(({ epoch }) => epoch > 0)) {
    const { head: entry, epoch } = step;
    states.push({ epoch, entry, digest: await readDigest({ ...params, step, tally: tallies.get(epoch) }) });
  }
  return states;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
