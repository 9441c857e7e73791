import { steadyMs } from "../clock/steadyMs.ts";
import type { ErrorCode } from "../errors.ts";
import type { GroupStatus } from "../reconciler/records/records.ts";
import type { Testimony } from "../reconciler/witness/testimony.ts";
import type { Address, GroupId, Hex, InstallationKey, NodeId } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import { tables } from "./database/tables.ts";
import type { CoreParts } from "./group/core.ts";
import type { Group } from "./group/group.ts";
import { isRevoked } from "./group/isRevoked.ts";
import { verdictOn } from "./joining/judgeWelcome.ts";
import { unservedShards } from "./links/unservedShards.ts";
import { type DeviceClock, deviceClock } from "./nodes/chainTime.ts";
import { activeNodes, isUp } from "./nodes/nodeLinks.ts";
import type { RelayTrouble } from "./nodes/ownRelay.ts";
import type { EndpointState } from "./witness/endpoint.ts";
import { isOneEnough } from "./witness/witnesses.ts";

export type SyncStatus = {
  readonly online: boolean;
  /** True if this installation was revoked, as far as this client has read: whatever it tries fails. */
  readonly isRevoked: boolean;
  /**
   * The installation whose keys another database has used: this one is a copy, and its new installation is not in all
   * of its groups yet.
   */
  readonly copyOf: InstallationKey | undefined;
  /** Goes up with everything that is written: two equal readings mean that nothing has moved. */
  readonly changes: number;
  readonly openIntents: number;
  /** Welcomes that wait for their group info; not those that would count only if the chain took another course. */
  readonly openWelcomes: number;
  /** Messages by removed or revoked senders of which it is not known yet whether they count. */
  readonly pendingVerdicts: number;
  /** Over all intents, settled ones included. */
  readonly racesLost: number;
  readonly rebased: number;
  readonly groups: readonly GroupSync[];
  readonly nodesDown: readonly NodeId[];
  /**
   * Shards of this client's groups, Welcomes and key packages that no node of the registry serves: what is in them
   * waits until one does.
   */
  readonly unservedShards: readonly number[];
  /** How the device's clock stands to the chain's; undefined while nobody can tell. */
  readonly clock: DeviceClock | undefined;
  /** The account that pays on the chain, and why nothing gets there; undefined if nodes relay. */
  readonly ownChain: { readonly account: Address; readonly trouble: RelayTrouble | undefined } | undefined;
  /**
   * Who confirms what nodes say of the chain: endpoints that the app named, nodes of more than one operator, one
   * operator because the app said so, or nobody (`unwitnessed`: one operator is known and has to be believed).
   */
  readonly witnesses: "endpoints" | "operators" | "one-operator" | "unwitnessed";
  /** The endpoints that the app named, as they were when last asked. */
  readonly endpoints: readonly { readonly rpcUrl: string; readonly state: EndpointState }[];
};

export type GroupSync = {
  readonly group: GroupId;
  readonly membership: GroupStatus;
  /** The chain's block up to which the group is read; 0 before the first. */
  readonly block: number;
  /** The node by way of which the group is read to the chain's end; undefined while it is not. */
  readonly node: NodeId | undefined;
  /**
   * Why the group is not read to the chain's end: the code by which the last try ended. Undefined while it is read, or
   * before any try has ended.
   */
  readonly unreadFor: ErrorCode | undefined;
  /** Open intents, and what the first of them waits for. */
  readonly openIntents: readonly { readonly id: Hex; readonly progress: string }[];
  readonly waitsFor: string;
  /** Envelopes on their way to nodes, and envelopes that wait for the chain. */
  readonly undelivered: number;
  readonly held: number;
  readonly pendingVerdicts: number;
  /** What became of the last claim about this group that a witness was asked about; undefined before the first. */
  readonly testimony: Testimony["kind"] | undefined;
};

/** Tells how far this client is with everything; asks no node. */
export async function syncStatus(params: { client: Client }): Promise<SyncStatus> {
  const core = coreOf(params.client);
  const { database, links, ownRelay } = core;
  let racesLost = 0;
  let rebased = 0;
  for await (const { value } of tables.groupTally.rows(database)) {
    racesLost += value.racesLost;
    rebased += value.rebased;
  }
  let openWelcomes = 0;
  for await (const { value } of tables.welcome.rows(database)) {
    if ((await verdictOn(core, value.welcome)) !== "wait") openWelcomes++;
  }
  const groups = await Promise.all(
    [...core.groups.values()]
      .filter(({ view }) => view.record.closed?.kind !== "own")
      .map((group) => groupSync(core, group)),
  );
  return {
    online: core.online !== undefined,
    isRevoked: isRevoked(core),
    copyOf: core.copy?.installation,
    changes: core.changes,
    openIntents: groups.reduce((count, group) => count + group.openIntents.length, 0),
    pendingVerdicts: groups.reduce((count, group) => count + group.pendingVerdicts, 0),
    ...{ openWelcomes, racesLost, rebased, groups },
    ownChain: ownRelay && { account: ownRelay.account, trouble: ownRelay.trouble },
    nodesDown: [...links.health.keys()].filter((node) => !isUp(links, node, steadyMs())),
    unservedShards: unservedShards(core),
    clock: deviceClock(links),
    witnesses: witnessesOf(core),
    endpoints: core.witnesses.endpoints.map(({ rpcUrl, state }) => ({ rpcUrl, state: state() })),
  };
}

function witnessesOf({ witnesses, links }: CoreParts<"links" | "witnesses">): SyncStatus["witnesses"] {
  if (witnesses.endpoints.length > 0) return "endpoints";
  if (isOneEnough(witnesses)) return "one-operator";
  const operators = new Set(activeNodes(links).map(({ operator }) => operator));
  return operators.size > 1 ? "operators" : "unwitnessed";
}

async function groupSync(
  { database, witnesses }: CoreParts<"database" | "witnesses">,
  group: Group,
): Promise<GroupSync> {
  const { id, view, processed, caughtUpBy, readFault, waitsFor } = group;
  let pendingVerdicts = 0;
  for await (const { value } of tables.awaited.rows(database, { under: { group: id } })) {
    if (value.isPending) pendingVerdicts++;
  }
  return {
    group: id,
    membership: view.record.status,
    block: processed.number,
    node: caughtUpBy,
    unreadFor: caughtUpBy === undefined ? readFault : undefined,
    openIntents: view.intents.map((intent) => ({ id: intent.id, progress: intent.progress.kind })),
    waitsFor,
    undelivered: view.publications.filter(({ record }) => record.state !== "delivered").length,
    held: view.held.rows.size,
    pendingVerdicts,
    testimony: witnesses.testimonies.get(id),
  };
}
