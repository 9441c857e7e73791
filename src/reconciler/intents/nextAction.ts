import { type Intent, isOpen, isOrdered } from "../records/intent.ts";
import type { GroupStatus } from "../records/records.ts";

/** What the outbox has to know of its group. */
export type OutboxView = {
  readonly status: GroupStatus;
  /** This client was removed, as far as is read, but an entry that brings it in again is expected. */
  readonly isAwaiting: boolean;
  /** This installation was revoked. */
  readonly isRevoked: boolean;
  /** Another database uses the keys of this one: its new installation is not in the group yet. */
  readonly isCopied: boolean;
  /** And the group has no other inbox that could take the new installation in. */
  readonly isOrphaned: boolean;
  /** This client's inbox has asked to leave, and no Add has cancelled that. */
  readonly hasLeft: boolean;
  /** Chain and topic are read to the end by way of a node that answers. Before that nothing is sealed or staged. */
  readonly caughtUp: boolean;
  readonly head: string;
  /** Children of the head that this client has read. */
  readonly children: number;
  /** The last block that this client has read. */
  readonly block: number;
  /** The time from which on the chain counts as standing still, milliseconds since 1970. */
  readonly standstillAtMs: number;
  /** A reorganization has undone a removal, which may land again. */
  readonly isWidened: boolean;
  /** This client waits to hear another member than the one who brought it in. */
  readonly isUnheard?: boolean;
  /** A void entry has made decisions that no commit has repeated yet. */
  readonly isOwing?: boolean;
  /** The other person has no leaf in a direct conversation, so nobody could ever read what is sealed now. */
  readonly isNobodyThere?: boolean;
  /** A witness agrees to all that this client has read; undefined: no witness was asked yet. */
  readonly isAgreed: boolean | undefined;
  /** There is an epoch to which a message can be sealed: witnesses have agreed to its members. */
  readonly canSeal: boolean;
};

export type OutboxAction =
  | {
      readonly kind: "fail";
      readonly intent: Intent;
      readonly reason: "revoked" | "copied" | "removed" | "not-a-member" | "unknown-group" | "already-done";
    }
  | { readonly kind: "stage"; readonly intent: Intent }
  | { readonly kind: "submit"; readonly intent: Intent }
  | { readonly kind: "seal"; readonly intent: Intent }
  | { readonly kind: "wait"; readonly why: OutboxWait; readonly untilMs: number | undefined };

export type OutboxWait =
  | "nothing-to-do"
  | "not-caught-up"
  | "copied"
  | "joining"
  | "cut-off"
  | "unheard"
  | "newer-version"
  | "on-chain"
  | "backing-off"
  | "too-soon"
  | "reorganized"
  | "earlier-message"
  /** The other has no device in a direct conversation. */
  | "nobody-there"
  /** Nobody confirms what the serving node tells of the chain. */
  | "no-witness";

/** The number of blocks, and the time, after which a commit that did not land is handed to another node. */
export const RESUBMIT_BLOCKS = 12;
export const RESUBMIT_MS = 3_000;
/** The same where blocks are rare. */
const RESUBMIT_FEW_BLOCKS = 2;
export const RESUBMIT_FEW_MS = 30_000;

/**
 * Picks the next step of a group's outbox. Intents go in order: a message written after a commit of this client is not
 * sealed to an epoch without that commit, and a commit waits until the messages before it have a receipt. Messages
 * overtake upkeep, deletions, rotations that nobody asked for, and intents that wait for a witness; while the chain
 * stands still, they overtake everything but removals. A client that has left does nothing more. A client that is cut
 * off writes only its request or evidence. In a direct conversation messages wait while the other has no device there.
 * Pure.
 */
export function nextAction(params: {
  /** Open intents of the group, in the order of the outbox. */
  intents: readonly Intent[];
  view: OutboxView;
  nowMs: number;
}): OutboxAction {
  const { intents, view, nowMs } = params;
  const appeal = intents.find((intent) => intent.action.kind === "appeal" && isToDo(intent));
  if (appeal && view.status !== "cut-off") return { kind: "fail", intent: appeal, reason: "already-done" };
  if (appeal && view.isAgreed === false) return wait("no-witness");
  if (appeal && view.caughtUp && !view.isRevoked)
    return towardsChain({ intent: appeal, earlier: [], view, nowMs });
  const isUpkeepFirst = view.isOwing === true || view.isNobodyThere === true;
  const first = isUpkeepFirst
    ? intents.find((one) => one.action.kind === "upkeep" && isToDo(one))
    : undefined;
  if (first && view.status === "member" && whyGroupWaits(view) === undefined && !view.isRevoked)
    return towardsChain({ intent: first, earlier: [], view, nowMs });
  let overtaken: OutboxAction | undefined;
  let postponed: OutboxAction | undefined;
  for (const [i, intent] of intents.entries()) {
    if (!isToDo(intent)) continue;
    if (view.isAwaiting) return wait("joining");
    if (view.isRevoked && (intent.progress.kind === "queued" || view.status === "removed")) {
      return { kind: "fail", intent, reason: "revoked" };
    }
    if (view.isOrphaned) return { kind: "fail", intent, reason: "copied" };
    const isQueued = intent.progress.kind === "queued" && intent.action.kind !== "leave";
    if (view.hasLeft && (isQueued || view.status === "removed")) {
      return { kind: "fail", intent, reason: "not-a-member" };
    }
    if (view.status === "removed") return { kind: "fail", intent, reason: "removed" };
    const waits = whyGroupWaits(view);
    if (waits !== undefined) return wait(waits);
    if (view.status === "creating" && intent.action.kind !== "create") {
      return { kind: "fail", intent, reason: "unknown-group" };
    }
    if (!isOrdered(intent)) {
      if (view.isWidened || view.isOwing) return wait("reorganized");
      if (view.isNobodyThere) return wait("nobody-there");
      return view.canSeal ? { kind: "seal", intent } : wait("no-witness");
    }
    if (overtaken && holdsMessages(intent, view)) return overtaken;
    if (overtaken) continue;
    if (view.isAgreed === false && needsWitness(intent)) {
      overtaken = wait("no-witness");
      if (holdsMessages(intent, view)) return overtaken;
      continue;
    }
    const action = towardsChain({ ...params, intent, earlier: intents.slice(0, i) });
    if (isOvertaken(intent) && action.kind === "wait" && action.why === "too-soon") postponed = action;
    else if (isOvertaken(intent)) overtaken = action;
    else if (action.kind !== "wait" || holdsMessages(intent, view)) return action;
    else if (!intents.slice(i).some(isQueuedSend)) return action;
    else if (intent.awaits === "witness") overtaken = action;
    else if (nowMs < view.standstillAtMs) return noLaterThan(action, view.standstillAtMs);
    else overtaken = action;
  }
  return overtaken ?? postponed ?? wait("nothing-to-do");
}

function towardsChain(params: {
  intent: Intent;
  earlier: readonly Intent[];
  view: OutboxView;
  nowMs: number;
}): OutboxAction {
  const { intent, earlier, view, nowMs } = params;
  if (intent.progress.kind === "staged") return staged(intent, view, nowMs);
  if (earlier.some(isUnacknowledgedSend)) return wait("earlier-message");
  if (intent.retryAtMs > nowMs) {
    return wait(intent.awaits === "witness" ? "no-witness" : "backing-off", intent.retryAtMs);
  }
  if (intent.retryAtBlock > view.block) return wait("too-soon");
  return { kind: "stage", intent };
}

/** True if there is no epoch to seal to, or if somebody is to be removed from the present one. */
function holdsMessages({ action }: Intent, { status }: OutboxView): boolean {
  return status === "creating" || action.kind === "remove";
}

/**
 * True if an intent takes somebody in, takes out an installation that the registry has revoked, or is a vote: two
 * operators have to tell the facts for it.
 */
export function needsWitness({ action, progress }: Intent): boolean {
  if (progress.kind !== "queued") return false;
  switch (action.kind) {
    case "create":
      return action.members.length > 0;
    case "add":
    case "upkeep":
    case "appeal":
      return true;
    default:
      return false;
  }
}

/** True for an intent that does not change who gets messages. */
function isOvertaken({ action }: Intent): boolean {
  const isRoutine = action.kind === "rotate" && action.routine === true;
  return action.kind === "upkeep" || action.kind === "delete" || isRoutine;
}

function staged(intent: Intent, view: OutboxView, nowMs: number): OutboxAction {
  const { progress } = intent;
  if (progress.kind !== "staged") return wait("on-chain");
  const isAwaited = view.block < (progress.needsUntilBlock ?? Number.POSITIVE_INFINITY);
  if (view.children < progress.needsChildren && isAwaited) return wait("on-chain");
  if (progress.parent !== view.head) return wait("reorganized");
  if (intent.retryAtMs > nowMs) return wait("backing-off", intent.retryAtMs);
  if (progress.submitted === undefined) return { kind: "submit", intent };
  const { block, atMs } = progress.submitted;
  if (view.block < block + RESUBMIT_FEW_BLOCKS) return wait("on-chain");
  const againAtMs = atMs + (view.block < block + RESUBMIT_BLOCKS ? RESUBMIT_FEW_MS : RESUBMIT_MS);
  return againAtMs > nowMs ? wait("on-chain", againAtMs) : { kind: "submit", intent };
}

function whyGroupWaits({ status, isCopied, isUnheard, caughtUp }: OutboxView): OutboxWait | undefined {
  if (isCopied) return "copied";
  if (status === "joining") return "joining";
  if (status === "cut-off") return "cut-off";
  if (status === "paused") return "newer-version";
  if (isUnheard) return "unheard";
  return caughtUp ? undefined : "not-caught-up";
}

/** True for an intent that is open and not with the delivery loop. */
function isToDo({ progress }: Intent): boolean {
  return progress.kind === "queued" || progress.kind === "staged";
}

function isQueuedSend(intent: Intent): boolean {
  return !isOrdered(intent) && intent.progress.kind === "queued";
}

function isUnacknowledgedSend(intent: Intent): boolean {
  return isOpen(intent) && !isOrdered(intent) && !intent.acknowledged;
}

function noLaterThan(action: OutboxAction & { kind: "wait" }, atMs: number): OutboxAction {
  return { ...action, untilMs: Math.min(action.untilMs ?? atMs, atMs) };
}

function wait(why: OutboxWait, untilMs?: number): OutboxAction {
  return { kind: "wait", why, untilMs };
}
