import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import { isStorageFault, isWeftError } from "../../errors.ts";
import { waitsToHear } from "../../reconciler/branch/unheard.ts";
import { isWidened } from "../../reconciler/branch/vanished.ts";
import { needsWitness, nextAction, type OutboxAction } from "../../reconciler/intents/nextAction.ts";
import { progressAfter } from "../../reconciler/intents/progressAfter.ts";
import { failed, type Intent } from "../../reconciler/records/intent.ts";
import { stepToSealTo } from "../../reconciler/view/stepToSealTo.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { NodeId } from "../../wire/ids.ts";
import { lookUpNodes } from "../asking/lookUpNodes.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { ClientCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { isAlone } from "../group/isAlone.ts";
import { isCopied } from "../group/isCopied.ts";
import { isRevoked } from "../group/isRevoked.ts";
import { checkServing } from "../links/checkServing.ts";
import { askNodes, isNodeFault } from "../nodes/askNodes.ts";
import { apiOf, isUp, noteFailure } from "../nodes/nodeLinks.ts";
import { noteFault, relayingNodes } from "./relayingNodes.ts";
import { sealIntent } from "./sealIntent.ts";
import { stageIntent } from "./stageIntent.ts";
import { submitIntent } from "./submitIntent.ts";
import { entryToWelcome, owesWelcome, welcomeIntent } from "./welcomeIntent.ts";

type Params = { core: ClientCore; group: Group; signal: AbortSignal };

const FAULT_WAIT_MS = 250;
const NODE_FAULT_WAIT_MS = 1_000;
/**
 * The wait while this client's own way to the chain has trouble: somebody has to fund the account or mend the endpoint.
 */
const OWN_TROUBLE_WAIT_MS = 3_000;
/** While all nodes that answer want a commit later, how often it is seen whether another one answers. */
const TOLD_LOOK_MS = 5_000;
/** Before a commit is built, a witness has to have agreed within this time that nothing is hidden. */
const CHECKED_MS = 30_000;
/** A chain without a block for so long stands still: messages wait for commits no longer. */
const STANDSTILL_MS = 3_000;

/** Carries a group's intents forward, one step at a time. Ends when the signal aborts. */
export async function driveOutbox(params: Params): Promise<void> {
  const { core, group, signal } = params;
  while (!signal.aborted) {
    const action = next(params);
    group.waitsFor = whyWaiting(core, action);
    try {
      const welcome = group.view.provisional.length > 0 ? undefined : entryToWelcome(group);
      const ended = endedIntent(group);
      if (welcome) await welcomeIntent({ core, group, ...welcome });
      else if (ended) await group.queue.run(() => changeGroup({ core, group, change: { intents: [ended] } }));
      else if (action.kind !== "wait") await act({ ...params, action });
      else await group.outboxWakeup.wait({ signal, ...timeoutOf(action) });
    } catch (error) {
      if (signal.aborted) return;
      if (isStorageFault(error)) core.onStorageFault(error);
      core.logger.warn({ group: group.id, step: action.kind, error }, "the outbox tries again");
      await waitMs({ ms: FAULT_WAIT_MS, signal });
    }
  }
}

/** Names what the outbox waits for; trouble on this client's own way to the chain is named by its code. */
function whyWaiting({ ownRelay }: CoreParts<"ownRelay">, action: OutboxAction): string {
  if (action.kind !== "wait") return action.kind;
  return action.why === "backing-off" ? (ownRelay?.trouble?.code ?? action.why) : action.why;
}

/** Finds an intent that has landed and has nothing left to deliver, as it is then. */
function endedIntent(group: Group): Intent | undefined {
  const { view } = group;
  for (const intent of view.intents) {
    if (intent.progress.kind !== "landed") continue;
    const publications = view.publications.filter(({ sequence }) => sequence === intent.sequence);
    const next = progressAfter({ intent, publications, owesWelcome: owesWelcome(group, intent) });
    if (next !== intent) return next;
  }
  return undefined;
}

function next({ core, group }: Params): OutboxAction {
  const { record, intents, childCounts, leaves, owed } = group.view;
  return nextAction({
    intents,
    view: {
      status: record.status,
      isAwaiting: record.status === "removed" && group.agreed.number < (record.awaited?.untilBlock ?? 0),
      isRevoked: isRevoked(core),
      hasLeft: leaves.leavers.has(core.self.inbox),
      isCopied: isCopied(core, record),
      isOrphaned: record.isFormer === true && isAlone(core, record),
      caughtUp: group.caughtUpBy !== undefined && group.topicReadBy !== undefined,
      head: record.head,
      children: childCounts.get(record.head) ?? 0,
      block: group.processed.number,
      // Commits that can't get to the chain hold up no message: the chain counts as standing still.
      standstillAtMs: core.ownRelay?.trouble ? 0 : group.headMovedAtMs + STANDSTILL_MS,
      isWidened: isWidened(record),
      isUnheard: waitsToHear({ record, leavers: leaves.leavers, self: core.self.inbox }),
      isOwing: owed !== undefined,
      isNobodyThere: record.status === "member" && isAlone(core, record) && record.closed?.kind === "direct",
      isAgreed: isAgreed(group),
      canSeal: stepToSealTo(group.view) !== undefined,
    },
    nowMs: steadyMs(),
  });
}

/** True if a witness agrees to all that is known; undefined if none was asked yet. */
function isAgreed({ view, witness }: Group): boolean | undefined {
  return view.provisional.length > 0 ? false : witness && witness === "agreed";
}

async function act(params: Params & { action: Exclude<OutboxAction, { kind: "wait" }> }): Promise<void> {
  const { core, group, action } = params;
  switch (action.kind) {
    case "fail": {
      const intents = [failed(action.intent, action.reason)];
      return await group.queue.run(() => changeGroup({ core, group, change: { intents } }));
    }
    case "seal":
      return await group.queue.run(async () => {
        const now = next(params);
        if (now.kind === "seal") await sealIntent({ core, group, intent: now.intent });
      });
    case "stage":
    case "submit":
      return await withNode(params);
  }
}

/**
 * Carries out a step by way of a node. An entry that names people is prepared by way of another node than the one that
 * relays it.
 */
async function withNode(params: Params & { action: OutboxAction }): Promise<void> {
  const { core, group, signal, action } = params;
  if (action.kind !== "stage" && action.kind !== "submit") return;
  if (action.kind === "stage" && !(await mayStage({ ...params, intent: action.intent }))) {
    return await waitMs({ ms: FAULT_WAIT_MS, signal });
  }
  const { intent } = action;
  const isLookUp = action.kind === "stage" && "members" in intent.action;
  const { ranked, waitMs: toldMs } = isLookUp
    ? { ...(await lookUpNodes({ core, group: group.id })), waitMs: 0 }
    : await relayingNodes({ core, group, intent });
  if (toldMs > 0 && !core.ownRelay) {
    return await backOff({ core, group, intent, ms: Math.min(toldMs, TOLD_LOOK_MS) });
  }
  if (!ranked.some(({ node }) => apiOf(core.links, node) && isUp(core.links, node, steadyMs()))) {
    return await waitMs({ ms: FAULT_WAIT_MS, signal });
  }
  const step = { core, group, intent, signal };
  const carryOut = action.kind === "stage" ? stageIntent : submitIntent;
  const ask = (api: NodeApi, node: NodeId) =>
    noticing({ core, node, signal }, () => carryOut({ ...step, api, node }));
  try {
    const asked = isLookUp ? ranked : ranked.slice(0, 1);
    await askNodes({ links: core.links, ranked: asked, signal, ask });
  } catch (error) {
    const isOwn = action.kind === "submit" && core.ownRelay?.trouble !== undefined;
    const isElsewhere = isNodeFault(error) && !isWeftError(error, "node-unreachable");
    const [asked] = ranked;
    if (!signal.aborted && isOwn) {
      await backOff({ core, group, intent, ms: OWN_TROUBLE_WAIT_MS });
    } else if (!signal.aborted && isElsewhere) {
      if (asked) noteFault({ group, intent, ...asked });
      await backOff({ core, group, intent, ms: NODE_FAULT_WAIT_MS });
    }
    throw error;
  }
}

/** Does a step by way of a node; a node that is not there is left alone for a while. */
async function noticing(
  params: { core: CoreParts<"feedsWakeup" | "links">; node: NodeId; signal: AbortSignal },
  step: () => Promise<void>,
): Promise<void> {
  const { core, node, signal } = params;
  try {
    await step();
  } catch (error) {
    if (!signal.aborted && isWeftError(error, "node-unreachable")) {
      noteFailure(core.links, node, steadyMs());
      core.feedsWakeup.wake();
    }
    throw error;
  }
}

/**
 * True if an intent's entry may be built: nothing is built on what a node has made up, and some things only on what a
 * witness confirms.
 */
async function mayStage(params: Params & { intent: Intent }): Promise<boolean> {
  const outcome = await checkServing({ ...params, maxAgeMs: CHECKED_MS });
  if (outcome === "agreed") return true;
  return outcome !== "contradicted" && outcome !== "not-told" && !needsWitness(params.intent);
}

/** Puts an intent off, so that others have their turn: a chain that no node reaches stops no message. */
async function backOff(params: Omit<Params, "signal"> & { intent: Intent; ms: number }): Promise<void> {
  const { core, group, intent, ms } = params;
  await group.queue.run(async () => {
    const now = group.view.intents.find(({ id }) => id === intent.id);
    if (!now) return;
    await changeGroup({
      core,
      group,
      change: { intents: [{ ...now, retryAtMs: steadyMs() + ms }] },
    });
  });
}

function timeoutOf({ untilMs }: { untilMs: number | undefined }): { timeoutMs?: number } {
  return untilMs === undefined ? {} : { timeoutMs: Math.max(1, untilMs - steadyMs()) };
}
