import { viewOf } from "../reconciler/branch/epochView.ts";
import { type Role, roleOf } from "../reconciler/policy/roleOf.ts";
import type { GroupStatus } from "../reconciler/records/records.ts";
import type { GroupId, InboxId } from "../wire/ids.ts";
import { type Client, coreOf, groupOf } from "./client.ts";
import type { Consent } from "./database/consents.ts";
import { readEpoch } from "./database/epochStates.ts";
import { consentTo } from "./group/consent.ts";

export type GroupSummary = {
  readonly group: GroupId;
  readonly name: string;
  readonly membership: GroupStatus;
  readonly epoch: number;
  readonly members: readonly InboxId[];
  /** `unknown`: a request. */
  readonly consent: Consent;
  /** The inbox that brought it; undefined if this person's own did. */
  readonly requestedBy: InboxId | undefined;
  /** When it was founded here or this client was taken in, milliseconds since 1970. */
  readonly createdAtMs: number;
};

/** Lists all groups in the database, also requests, blocked ones, and those that this client was removed from. */
export function listGroups(params: { client: Client }): GroupSummary[] {
  const core = coreOf(params.client);
  return [...core.groups.values()].map(({ view: { record } }) => {
    const { group, name, status, epoch, members, createdAtMs, request } = record;
    const consent = consentTo(core, record);
    return {
      group,
      name,
      membership: status,
      epoch,
      members,
      consent,
      requestedBy: request?.by,
      createdAtMs,
    };
  });
}

export type MemberSummary = {
  readonly inbox: InboxId;
  readonly role: Role;
  readonly installations: number;
};

/** Lists the members as of the head that this client has read. Throws `unknown-group`. */
export async function listMembers(params: { client: Client; group: GroupId }): Promise<MemberSummary[]> {
  const core = coreOf(params.client);
  const group = groupOf(core, params.group);
  const { head } = group.view.record;
  const epoch = await readEpoch({ database: core.database, group: group.id, cache: group.epochs, head });
  if (!epoch) return [];
  const { members, context } = viewOf(epoch.state);
  const leaves = Map.groupBy(members, ({ inbox }) => inbox);
  return [...leaves].map(([inbox, { length: installations }]) => ({
    ...{ inbox, installations, role: roleOf({ context, inbox }) },
  }));
}
