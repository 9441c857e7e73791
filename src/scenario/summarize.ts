import type { GroupId } from "../index.ts";
import { countOutcomes, syncStatus } from "../index.ts";
import { actorsOf } from "./actors.ts";
import { differingEpochs } from "./compareDigests.ts";
import { countLost } from "./countLost.ts";
import { awaitRestart } from "./crashActor.ts";
import { findDisorder } from "./directs.ts";
import { personOf } from "./personOf.ts";
import { readIntents } from "./readIntents.ts";
import type { Actor, IntentRecord, Stage } from "./stage.ts";
import { readView, type View, visibleTexts } from "./view.ts";

/** What a play came to; docs/scenarios.md says what each field means. */
export type Summary = {
  ok: boolean;
  sent: number;
  delivered: number;
  failed: Record<string, number>;
  racesLost: number;
  rebased: number;
  lost: number;
  gaps: number;
  seconds: number;
  groups: Record<string, GroupSummary>;
  unmet: string[];
};

export type GroupSummary = {
  epoch: number;
  members: string[];
  messages: number;
  /** By client, then by epoch. */
  digests: Record<string, Record<string, string>>;
  equal: boolean;
};

/** Reads every client's database and says what held. */
export async function summarize(params: { stage: Stage; seconds: number }): Promise<Summary> {
  const { stage, seconds } = params;
  const actors = await actorsOf(stage);
  await Promise.all(actors.map(awaitRestart));
  await readIntents({ stage });
  const groups = await Promise.all(
    [...stage.groups].map(([name, group]) => summarizeGroup({ stage, actors, name, group })),
  );
  const status = await Promise.all(actors.map(({ client }) => syncStatus({ client })));
  const unmet = [
    ...stage.unmet.flatMap(({ line, do: verb, lacks }) =>
      lacks.map((lack) => `line ${line} (${verb}): ${lack}`),
    ),
    ...stage.intents.flatMap(checkFails),
    ...groups.flatMap((group) => group.unmet),
    ...(await findDisorder({ stage, actors })),
  ];
  const summary = {
    sent: stage.intents.filter((record) => record.do === "send").length,
    delivered: stage.intents.filter((record) => record.outcome?.kind === "delivered").length,
    failed: countFailures(stage.intents),
    racesLost: sum(status.map((one) => one.racesLost)),
    rebased: sum(status.map((one) => one.rebased)),
    lost: sum(groups.map((group) => group.lost)),
    gaps: sum(groups.map((group) => group.gaps)),
    seconds: Math.round(seconds * 10) / 10,
    groups: Object.fromEntries(groups.map(({ name, summary }) => [name, summary])),
    unmet,
  };
  const equal = groups.every((group) => group.summary.equal);
  return { ok: unmet.length === 0 && summary.lost === 0 && equal, ...summary };
}

type GroupResult = { name: string; summary: GroupSummary; lost: number; gaps: number; unmet: string[] };

async function summarizeGroup(params: {
  stage: Stage;
  actors: readonly Actor[];
  name: string;
  group: GroupId;
}): Promise<GroupResult> {
  const { stage, actors, name, group } = params;
  const read = await Promise.all(actors.map((actor) => readView({ actor, group })));
  const views = read.filter((view) => view !== undefined);
  const current = views.filter((view) => view.isMember && view.actor.online);
  const [newest] = current.toSorted((a, b) => b.state.epoch - a.state.epoch);
  const differing = differingEpochs(current.map((view) => view.state.digests));
  const sent = stage.intents.filter((record) => record.group === name && record.do === "send");
  const rejected = await Promise.all(current.map((view) => countRejected({ view, group })));
  const missing = current.map((view, index) =>
    countLost({ sent, views, view, rejected: rejected[index] ?? 0 }),
  );
  const inGroup = ({ name, client }: Actor) =>
    personOf(name) === name && newest?.state.members.includes(client.inbox) === true;
  return {
    name,
    lost: sum(missing),
    gaps: sum(views.map((view) => view.state.gaps)),
    unmet: [
      ...differing.map((epoch) => `${name}: members hold different timelines of epoch ${epoch}`),
      ...missing.flatMap((count, index) =>
        count === 0 ? [] : [`${name}: ${current[index]?.actor.name} lacks ${count} messages without a trace`],
      ),
      ...views.flatMap((view) => checkGaps({ stage, view, name })),
    ],
    summary: {
      epoch: newest?.state.epoch ?? 0,
      members: actors.filter(inGroup).map((actor) => actor.name),
      messages: newest === undefined ? 0 : visibleTexts(newest).length,
      digests: Object.fromEntries(
        views.map((view) => [view.actor.name, Object.fromEntries(view.state.digests)]),
      ),
      equal: differing.length === 0,
    },
  };
}

/** Envelopes of the group that the client refused, for whatever reason. */
async function countRejected(params: { view: View; group: GroupId }): Promise<number> {
  const counts = await countOutcomes({ client: params.view.actor.client, group: params.group });
  return sum(Object.values(counts.rejected));
}

/** No client has more gaps than the file says; none if it says nothing. */
function checkGaps(params: { stage: Stage; view: View; name: string }): string[] {
  const { stage, view, name } = params;
  const by = view.actor.name;
  const said = stage.allowedGaps.filter((allowed) => allowed.by === by && allowed.group === name);
  const allowed = Math.max(0, ...said.map(({ gaps }) => gaps));
  const found = view.state.gaps;
  return found > allowed ? [`${name}: ${by} has ${found} gaps, ${allowed} are allowed`] : [];
}

/** What `fails` said of an intent and what it came to. */
function checkFails(record: IntentRecord): string[] {
  const { line, by, outcome, fails } = record;
  if (fails === undefined) return [];
  const came =
    outcome === undefined
      ? "is still open"
      : outcome.kind === "failed"
        ? `failed as ${outcome.reason}`
        : "was delivered";
  if (outcome?.kind === "failed" && outcome.reason === fails) return [];
  return [`line ${line} (${record.do}): ${by}'s intent ${came}, not failed as ${fails}`];
}

function countFailures(intents: readonly IntentRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of intents) {
    if (outcome?.kind === "failed") counts[outcome.reason] = (counts[outcome.reason] ?? 0) + 1;
  }
  return counts;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
