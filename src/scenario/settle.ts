import { setTimeout as delay } from "node:timers/promises";
import { steadyMs } from "../clock/steadyMs.ts";
import { blockNumber } from "../devnet/askNodes.ts";
import { actorsOf } from "./actors.ts";
import { awaitRestart } from "./crashActor.ts";
import { findBehindChain, findUnsettled, type Unsettled } from "./findUnsettled.ts";
import type { Stage } from "./stage.ts";
import type { StepOutcome } from "./stepOutcome.ts";

/** Everything must have stayed as it is for this long. */
const QUIET_MS = 1_000;
const POLL_MS = 100;

/**
 * Resolves when for one second nothing has changed and nothing is left to do, and every member has read the chain up
 * to where it was when that second began; `unmet` with who lacks what after `timeoutMs`.
 */
export async function settle(params: { stage: Stage; timeoutMs: number }): Promise<StepOutcome> {
  const { stage, timeoutMs } = params;
  const { devnet, signal } = stage;
  const deadline = steadyMs() + timeoutMs;
  let quiet: { fingerprint: string; since: number; block: number } | undefined;
  for (;;) {
    const { lacks, fingerprint } = await look({ stage });
    if (lacks.length > 0) quiet = undefined;
    else if (quiet?.fingerprint !== fingerprint) {
      quiet = { fingerprint, since: steadyMs(), block: await blockNumber({ devnet, signal }) };
    }
    const rested = quiet !== undefined && steadyMs() - quiet.since >= QUIET_MS;
    const behind = rested && quiet !== undefined ? await findBehindChain({ stage, block: quiet.block }) : [];
    if (rested && behind.length === 0) return { kind: "done" };
    if (steadyMs() > deadline) return { kind: "unmet", lacks: explain([...lacks, ...behind]) };
    await delay(POLL_MS, undefined, { signal });
  }
}

/** A client that crashes meanwhile is looked at again when it is back. */
async function look(params: { stage: Stage }): Promise<Unsettled> {
  const actors = await actorsOf(params.stage);
  await Promise.all(actors.map(awaitRestart));
  const clients = actors.map(({ client }) => client);
  try {
    return await findUnsettled(params);
  } catch (error) {
    if (actors.every((actor, i) => clients[i] === actor.client && actor.restarting === undefined))
      throw error;
    return { lacks: ["a client is starting again"], fingerprint: "" };
  }
}

function explain(lacks: string[]): string[] {
  return lacks.length > 0 ? lacks : ["something changed until the end"];
}
