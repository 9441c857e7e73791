import { setTimeout as delay } from "node:timers/promises";
import { steadyMs } from "../clock/steadyMs.ts";
import { askNodes } from "../devnet/askNodes.ts";
import { isWeftError } from "../errors.ts";
import { findIntent, type IntentHandle, type IntentOutcome, listIntents } from "../index.ts";
import { actorOf } from "./actors.ts";
import { applyPreferences } from "./applyPreference.ts";
import { awaitJoin, catchUpActor, endInvitations } from "./catchUpActor.ts";
import { awaitRestart, hasCrashed, survive } from "./crashActor.ts";
import { conversationNamed, nameOfGroup } from "./directs.ts";
import { findLeft } from "./findLeft.ts";
import { nodesInReach } from "./nodesInReach.ts";
import type { Actor, IntentRecord, Stage } from "./stage.ts";
import type { Act, Started, Step } from "./step.ts";
import type { StepOutcome } from "./stepOutcome.ts";
import { waitsForChain } from "./waitsForChain.ts";

/** A step ends with its intent queued when no node has answered for this long. */
const SILENCE_MS = 5_000;
const SILENCE_POLL_MS = 250;
/** A message may have to follow a commit that waits for a chain which stands still. */
const STANDSTILL_MS = 5_000;
/** An intent that takes longer than this holds up the play no more; it is told as unmet. */
const STEP_TIMEOUT_MS = 120_000;

/** Plays one step to its end. Steps of a `together` first all get ready, then all start. */
export async function playStep(params: { stage: Stage; step: Step }): Promise<void> {
  const { stage, step } = params;
  const { body } = step;
  if (body.kind === "together") {
    await Promise.all(body.steps.map((inner) => prepare({ stage, step: inner })));
    await Promise.all(body.steps.map((inner) => playOne({ stage, step: inner })));
    return;
  }
  await prepare({ stage, step });
  await playOne({ stage, step });
}

/** Clients are made on first use; who acts takes in what came before. */
async function prepare(params: { stage: Stage; step: Step }): Promise<void> {
  const { stage, step } = params;
  const { body } = step;
  if (body.kind === "together") return;
  const actors = await Promise.all(body.clients.map((name) => actorOf({ stage, name })));
  await Promise.all(actors.map(awaitRestart));
  if (body.kind === "move") return;
  for (const client of body.invites) stage.invitations.push({ client, group: body.group, line: step.line });
  const actor = await actorOf({ stage, name: body.by });
  await survive({ actor, attempt: () => catchUpActor({ stage, actor }) });
}

async function playOne(params: { stage: Stage; step: Step }): Promise<void> {
  const { stage, step } = params;
  const { body, line, title } = step;
  if (body.kind === "together") return await playStep(params);
  const told = { line, do: step.do, title };
  stage.report({ kind: "step-started", ...told });
  const started = performance.now();
  const outcome = body.kind === "move" ? await body.play(stage) : await act({ stage, step, body });
  if (outcome.kind === "unmet") stage.unmet.push({ line, do: step.do, lacks: outcome.lacks });
  stage.report({ kind: "step-ended", ...told, outcome, tookMs: performance.now() - started });
}

async function act(params: { stage: Stage; step: Step; body: Act }): Promise<StepOutcome> {
  const { stage, step, body } = params;
  const actor = await actorOf({ stage, name: body.by });
  if (body.action.kind === "change") {
    await survive({ actor, attempt: () => awaitJoin({ stage, actor, group: body.group }) });
  }
  const started = await startOnce({ stage, actor, step, body });
  const group = await groupNameOf({ stage, actor, body, started });
  addRecord({ stage, step, body, started, group });
  if (started.kind === "refused") return { kind: "failed", reason: started.reason };
  const outcome = await awaitEnd({ stage, actor, body, started: started.started });
  if (step.do === "remove" && outcome.kind === "delivered") {
    endInvitations({ stage, clients: body.clients.slice(1), group: body.group });
  }
  if (outcome.kind === "failed") endInvitations({ stage, clients: body.invites, group: body.group });
  return outcome;
}

type Start = { kind: "started"; started: Started } | { kind: "refused"; reason: string };

/** Makes the intent, however often the client crashes: what is in its outbox by then is not asked for again. */
async function startOnce(params: { stage: Stage; actor: Actor; step: Step; body: Act }): Promise<Start> {
  const { stage, actor, step, body } = params;
  const before = new Set((await listIntents({ client: actor.client })).map(({ id }) => id));
  for (;;) {
    const { client } = actor;
    const started = await start({ stage, actor, body });
    if (started.kind === "started" || !hasCrashed(actor, client)) return started;
    await awaitRestart(actor);
    const left = await findLeft({ stage, actor, step, body, before });
    if (left !== undefined) return { kind: "started", started: left };
  }
}

/** Makes the intent. What the client refuses at once has failed for the reason that it names. */
async function start(params: { stage: Stage; actor: Actor; body: Act }): Promise<Start> {
  const { stage, actor, body } = params;
  const { client } = actor;
  try {
    if (body.action.kind === "found") {
      const founded = await body.action.start({ stage, client });
      stage.groups.set(body.group, founded.group);
      await applyPreferences({ stage, group: body.group });
      return { kind: "started", started: founded };
    }
    if (body.action.kind === "identity") {
      return { kind: "started", started: await body.action.start({ stage, client }) };
    }
    const [conversation, group] = [conversationNamed(stage, body.group), stage.groups.get(body.group)];
    if (conversation === undefined || group === undefined)
      return { kind: "refused", reason: "unknown-group" };
    return { kind: "started", started: await body.action.start({ stage, client, conversation, group }) };
  } catch (error) {
    if (isWeftError(error)) return { kind: "refused", reason: error.code };
    throw error;
  }
}

/** The name of the group that the intent is about: in a direct conversation, that of the group that it went to. */
async function groupNameOf(params: {
  stage: Stage;
  actor: Actor;
  body: Act;
  started: Start;
}): Promise<string> {
  const { stage, actor, body, started } = params;
  if (!stage.directs.has(body.group) || started.kind === "refused") return body.group;
  const { id } = started.started.intent;
  const intents = await survive({ actor, attempt: () => listIntents({ client: actor.client }) });
  const group = intents.find((one) => one.id === id)?.group;
  return group === undefined ? body.group : nameOfGroup({ stage, name: body.group, group });
}

function addRecord(params: {
  stage: Stage;
  step: Step;
  body: Act;
  started: Start;
  group: string;
}): IntentRecord {
  const { stage, step, body, started, group } = params;
  const intent = started.kind === "started" ? started.started : undefined;
  const record: IntentRecord = {
    line: step.line,
    do: step.do,
    by: body.by,
    group,
    fails: step.fails,
    text: body.text,
    messageId: intent?.messageId,
    intent: intent?.intent.id,
    ordered: body.ordered,
    acknowledged: false,
    outcome: started.kind === "refused" ? { kind: "failed", reason: started.reason } : undefined,
  };
  stage.intents.push(record);
  if (body.as !== undefined && intent?.messageId !== undefined) stage.messages.set(body.as, intent.messageId);
  return record;
}

/** Waits for what ends a step: the intent's acknowledgement, or that it can't come for now. */
async function awaitEnd(params: {
  stage: Stage;
  actor: Actor;
  body: Act;
  started: Started;
}): Promise<StepOutcome> {
  const { stage, actor, body, started } = params;
  if (!actor.online) return { kind: "queued", why: `${actor.name} is offline` };
  if (body.ordered && stage.faults.chainPaused) return { kind: "queued", why: "the chain stands still" };
  const ended = new AbortController();
  const signal = AbortSignal.any([stage.signal, ended.signal]);
  try {
    return await Promise.race([
      awaitAcknowledgement({ actor, intent: started.intent }).then(asStepOutcome),
      awaitSilence({ stage, actor, group: body.group, signal }),
      awaitStandstill({ stage, actor, group: body.group, signal }),
      delay(STEP_TIMEOUT_MS, undefined, { signal }).then((): StepOutcome => {
        return { kind: "unmet", lacks: [`the intent is still open after ${STEP_TIMEOUT_MS / 1000} s`] };
      }),
    ]);
  } finally {
    ended.abort();
  }
}

/** Through every crash of the client. */
async function awaitAcknowledgement(params: { actor: Actor; intent: IntentHandle }): Promise<IntentOutcome> {
  const { actor } = params;
  let { intent } = params;
  for (;;) {
    const { client } = actor;
    try {
      return await intent.acknowledged;
    } catch (error) {
      if (!hasCrashed(actor, client)) throw error;
      await awaitRestart(actor);
      intent = (await findIntent({ client: actor.client, id: intent.id })) ?? intent;
    }
  }
}

function asStepOutcome(outcome: IntentOutcome): StepOutcome {
  return outcome.kind === "delivered" ? outcome : { kind: "failed", reason: outcome.reason };
}

type Waiting = { stage: Stage; actor: Actor; group: string; signal: AbortSignal };

/** Resolves when no node that the conversation reaches has answered for `SILENCE_MS`. */
async function awaitSilence(params: Waiting): Promise<StepOutcome> {
  const { signal } = params;
  let answered = steadyMs();
  while (steadyMs() - answered < SILENCE_MS) {
    await delay(SILENCE_POLL_MS, undefined, { signal });
    const nodes = await survive({ actor: params.actor, attempt: () => nodesInReach(params) });
    const reports = await askNodes({ devnet: { nodes }, signal });
    if (reports.some(({ status }) => status !== undefined)) answered = steadyMs();
  }
  return { kind: "queued", why: "no node answers" };
}

/** Resolves when the intent has been waiting for a chain that stands still for `STANDSTILL_MS`. */
async function awaitStandstill(params: Waiting): Promise<StepOutcome> {
  const { stage, actor, signal } = params;
  let moved = steadyMs();
  while (steadyMs() - moved < STANDSTILL_MS) {
    await delay(SILENCE_POLL_MS, undefined, { signal });
    const waits =
      stage.faults.chainPaused && (await survive({ actor, attempt: () => waitsForChain(params) }));
    if (!waits) moved = steadyMs();
  }
  return { kind: "queued", why: "the chain stands still" };
}
