import { join } from "node:path";
import type { Devnet } from "../devnet/startDevnet.ts";
import { actorsOf } from "./actors.ts";
import { awaitRestart } from "./crashActor.ts";
import { endFaults } from "./endFaults.ts";
import { personOf } from "./personOf.ts";
import type { PlayEvent } from "./playEvent.ts";
import { playStep } from "./playStep.ts";
import { flatten, type Scenario } from "./readScenario.ts";
import type { Stage } from "./stage.ts";
import type { Step } from "./step.ts";
import { SETTLE_TIMEOUT_SECONDS, settleStep } from "./steps/settle.ts";
import { type Summary, summarize } from "./summarize.ts";
import { readTimelines, type Timeline } from "./timelines.ts";

export type Play = { readonly summary: Summary; readonly timelines: readonly Timeline[] };

/**
 * Plays a scenario on a devnet that runs; its clients live in this process and are closed at the end. What does not
 * hold is told in the summary, only faults of the program throw.
 */
export async function playScenario(params: {
  scenario: Scenario;
  devnet: Devnet;
  signal: AbortSignal;
  report?: (event: PlayEvent) => void;
}): Promise<Play> {
  const { scenario, devnet, signal } = params;
  const stage: Stage = {
    devnet,
    directory: join(devnet.directory, `clients-${scenario.name}`),
    signal,
    report: params.report ?? (() => {}),
    actors: new Map(),
    groups: new Map(),
    directs: new Map(),
    messages: new Map(),
    archives: new Map(),
    intents: [],
    invitations: [],
    preferences: [],
    faults: { chainPaused: false, crashes: 0 },
    asking: askingIn(scenario),
    cast: castOf(scenario),
    allowedGaps: [],
    unmet: [],
  };
  await using closing = new AsyncDisposableStack();
  closing.defer(() => endFaults(stage));
  closing.defer(async () => {
    const opened = await Promise.allSettled(stage.actors.values());
    for (const result of opened) if (result.status === "fulfilled") await awaitRestart(result.value);
    const clients = opened.flatMap((result) => (result.status === "fulfilled" ? [result.value.client] : []));
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  });
  const started = performance.now();
  for (const step of withFinalSettle(scenario.steps)) {
    signal.throwIfAborted();
    await playStep({ stage, step });
  }
  const summary = await summarize({ stage, seconds: (performance.now() - started) / 1000 });
  return { summary, timelines: await readTimelines({ stage, actors: await actorsOf(stage) }) };
}

/** People who decide on requests. */
function askingIn({ steps }: Scenario): Set<string> {
  const asking = flatten(steps).flatMap(({ body }) =>
    body.kind === "move" && body.asks !== undefined ? [body.asks] : [],
  );
  return new Set(asking.map(personOf));
}

/** Second installations come by a step of their own, but for those that could not be registered by then. */
function castOf(scenario: Scenario): string[] {
  const names = new Set<string>();
  let isPaused = false;
  for (const { body } of flatten(scenario.steps)) {
    if (body.kind === "together") continue;
    for (const name of body.clients) if (personOf(name) === name) names.add(name);
    if (body.kind !== "move") continue;
    isPaused = body.pauses ?? isPaused;
    if (isPaused && body.installs !== undefined) names.add(body.installs);
  }
  return [...names];
}

/** A file that does not end with `settle` gets one. */
function withFinalSettle(steps: readonly Step[]): readonly Step[] {
  const last = steps.at(-1);
  if (last === undefined || last.do === "settle") return steps;
  const body = settleStep(SETTLE_TIMEOUT_SECONDS);
  return [...steps, { line: last.line + 1, do: "settle", title: "everyone settles", body }];
}
