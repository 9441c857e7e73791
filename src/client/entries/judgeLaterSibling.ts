import { WeftError } from "../../errors.ts";
import type { GroupState } from "../../mls/groupState.ts";
import { viewOf } from "../../reconciler/branch/epochView.ts";
import { type ReceivedEntry, recordOf } from "../../reconciler/branch/recordOf.ts";
import { contestedDecisions, isInTime, judgeAppeal } from "../../reconciler/entries/judgeAppeal.ts";
import { revokedMembers } from "../../reconciler/entries/judgeEntry.ts";
import { openAppeal, openEntry } from "../../reconciler/entries/openEntry.ts";
import { refusedIntent } from "../../reconciler/intents/refusedIntent.ts";
import type { Member } from "../../reconciler/policy/roleOf.ts";
import type { EntryRecord } from "../../reconciler/records/records.ts";
import type { Entry } from "../../wire/chainEntry.ts";
import { askRegistry, type RegistrySource } from "../asking/askRegistry.ts";
import { readState } from "../database/epochStates.ts";
import { tables } from "../database/tables.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { changeByControl } from "./changeByControl.ts";
import { changeByDead } from "./changeByDead.ts";
import { restingOn } from "./settleRests.ts";
import { voidEntry } from "./voidEntry.ts";

type Params = RegistrySource & {
  group: Group;
  entry: ReceivedEntry;
  /** The earlier sibling that decides about the head. */
  contested: EntryRecord;
};

/**
 * Judges an entry that comes after the sibling which decides about the head: only requests and evidence about that
 * sibling are read, and only for as long as they count; all other entries are dead.
 */
export async function judgeLaterSibling(params: Params): Promise<void> {
  const { core, group, contested } = params;
  let { entry } = params;
  const place = { database: core.database, group: group.id };
  const isRead = isInTime({ contested, block: entry.block.number });
  const payload = isRead
    ? await tables.voidable.get(core.database, { ...place, entry: contested.id })
    : undefined;
  const state = payload && (await readState({ ...place, cache: group.epochs, head: entry.parent }));
  const appeal = state && openAppeal({ network: core.network, state, entry });
  if (!payload || !state || !appeal) {
    return await changeGroup({ core, group, change: changeByDead({ core, group, entry }) });
  }
  const { writer, registryBlock, instruction, bytes: proof } = appeal;
  const { told, ...facts } = await gatherFacts({ ...params, state, writer, registryBlock });
  entry = restingOn({ ...told, entry });
  const verified = verifiedOf({ core, state, entry: { ...contested, group: group.id, payload } });
  const earlier = requestsAbout(group, contested);
  const judgement = judgeAppeal({
    ...{ state, contested, appeal: instruction, facts, verified },
    asked: new Set(earlier.map(({ inbox }) => inbox)),
    askers: new Set(earlier.map(({ installation }) => installation)),
  });
  if (judgement.kind === "refused") return await refuse({ ...params, entry }, judgement.reason);
  const asks = instruction.kind === "request" ? { proof } : {};
  const change = await changeByControl({ core, group, entry, writer, instruction, ...asks });
  const { voids: reason } = judgement;
  if (reason === undefined) return await changeGroup({ core, group, change });
  const owed = contestedDecisions({ ...facts, verified, block: contested.block.number });
  await voidEntry({ core, group, contested, reason, owed, by: entry.id, change });
}

async function gatherFacts(params: Params & { state: GroupState; writer: Member; registryBlock: number }) {
  const { group, entry, state, writer, registryBlock } = params;
  const { context, members } = viewOf(state);
  const { number: block } = entry.block;
  const told = await askRegistry({ ...params, inboxes: [writer.inbox], block });
  const own = members.filter(({ inbox }) => inbox === writer.inbox);
  const revoked = revokedMembers({ members: own, registry: told.registry, block: block - 1 });
  const { leavers } = group.view.leaves;
  return { told, context, members, revoked, writer, block, registryBlock, leavers };
}

/** Opens the contested entry once more: it was verified when it was judged. */
function verifiedOf(params: { core: CoreParts<"network">; state: GroupState; entry: Entry }) {
  const opened = openEntry({ ...params, network: params.core.network });
  if (opened.kind === "commit") return opened.verified;
  throw new WeftError({ code: "storage", message: `the payload of ${params.entry.id} is another one` });
}

/** Lists the members that have asked about an entry. */
function requestsAbout({ view }: Group, { id, parent }: EntryRecord): Member[] {
  return (view.children.get(parent) ?? []).flatMap(({ verdict }) =>
    verdict.kind === "control" && verdict.instruction.kind === "request" && verdict.instruction.entry === id
      ? [verdict.writer]
      : [],
  );
}

async function refuse({ core, group, entry }: Params, reason: string): Promise<void> {
  const block = entry.block.number;
  const own = group.view.intents.filter(
    ({ progress }) => progress.kind === "staged" && progress.entry === entry.id,
  );
  await changeGroup({
    core,
    group,
    change: {
      entries: [recordOf(entry, { kind: "refused", reason })],
      intents: own.map((intent) => refusedIntent({ intent, reason, block })),
    },
  });
}
