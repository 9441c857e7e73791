import { viewOf } from "../reconciler/branch/epochView.ts";
import { type Role, roleOf } from "../reconciler/policy/roleOf.ts";
import type { GroupStatus } from "../reconciler/records/records.ts";
import { directKindOf } from "../reconciler/view/directs.ts";
import type { GroupKind } from "../wire/groupKind.ts";
import type { ConversationId, GroupId, InboxId } from "../wire/ids.ts";
import { type Client, coreOf, groupOf } from "./client.ts";
import type { Consent } from "./database/consents.ts";
import { readEpoch } from "./database/epochStates.ts";
import { consentTo } from "./group/consent.ts";
import { conversationOf } from "./group/conversation.ts";
import type { CoreParts } from "./group/core.ts";
import type { Group } from "./group/group.ts";

export type GroupSummary = {
  readonly group: GroupId;
  readonly kind: GroupKind["kind"];
  /** What the group belongs to: a direct conversation, of which it may be one group of several, or the group itself. */
  readonly conversation: ConversationId;
  /** The other person of a direct conversation; undefined for all other groups. */
  readonly other: InboxId | undefined;
  /** Empty for a direct conversation. */
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

/** Lists all groups in the database but own rooms, also requests, blocked ones, and those that this client was removed from. */
export function listGroups(params: { client: Client }): GroupSummary[] {
  const core = coreOf(params.client);
  const listed = [...core.groups.values()].filter(({ view }) => view.record.closed?.kind !== "own");
  return listed.map((one) => summaryOf(core, one));
}

function summaryOf(core: CoreParts<"asksConsent" | "consents" | "self">, one: Group): GroupSummary {
  const { record } = one.view;
  const { group, name, status, epoch, members, createdAtMs, closed, request } = record;
  const conversation = conversationOf(core, one);
  const other = directKindOf(record, core.self.inbox)?.other;
  const of = { kind: closed?.kind ?? "group", conversation, other } as const;
  const asked = { consent: consentTo(core, record), requestedBy: request?.by };
  return { group, ...of, name, membership: status, epoch, members, ...asked, createdAtMs };
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
