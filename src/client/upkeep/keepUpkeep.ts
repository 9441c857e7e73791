import { steadyMs } from "../../clock/steadyMs.ts";
import { type EpochView, viewOf } from "../../reconciler/branch/epochView.ts";
import { type Registry, revokedMembers } from "../../reconciler/entries/judgeEntry.ts";
import { confirmedInbox } from "../../reconciler/inboxes/confirmedInbox.ts";
import { standingOf } from "../../reconciler/intents/planEntry.ts";
import type { Action } from "../../reconciler/records/intent.ts";
import { appealOf, mayProve } from "../../reconciler/upkeep/appealOf.ts";
import {
  type Duty,
  type DutyInTurn,
  dutiesOf,
  missingInstallations,
} from "../../reconciler/upkeep/duties.ts";
import { staggerMs } from "../../reconciler/upkeep/stagger.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import { readState } from "../database/epochStates.ts";
import { mayAct } from "../group/consent.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { isCopied } from "../group/isCopied.ts";
import { isRevoked } from "../group/isRevoked.ts";
import { addIntent } from "../outbox/addIntent.ts";
import { type FetchedKeyPackages, fetchKeyPackages } from "../outbox/fetchKeyPackages.ts";
import { confirm } from "./confirm.ts";
import { confirmDuty } from "./confirmDuty.ts";
import { type StandIns, standIn } from "./standIn.ts";

type Params = {
  core: ChangingCore &
    CoreParts<
      "asksConsent" | "finalityBlocks" | "groups" | "inboxes" | "network" | "preferences" | "recovery"
    >;
  group: Group;
  signal: AbortSignal;
};

/** When a duty is this client's turn, and since when it is known; milliseconds since 1970. */
type Turn = { readonly atMs: number; readonly sinceMs: number };
/** Turns by the kind and subject of their duty. */
type Turns = Map<string, Turn>;

/** A duty that is still there after an attempt is tried again, ever more seldom. */
const TRY_AGAIN_MS = 1_000;
const MAX_TRY_AGAIN_MS = 10 * 60_000;

/**
 * Does for a group what any member may and somebody has to do, in turns, so that not all do it at once. What is to be
 * done goes the way of all commits: through the outbox. Ends when the signal aborts.
 */
export async function keepUpkeep(params: Params): Promise<void> {
  const { group, signal } = params;
  const turns: Turns = new Map();
  const standIns: StandIns = new Map();
  while (!signal.aborted) {
    const turnMs = await takeTurns({ ...params, turns });
    const standInMs = mayAct(params.core, group) ? await standIn({ ...params, turns: standIns }) : undefined;
    const nextMs = earlier(turnMs, standInMs);
    const timeout = nextMs === undefined ? {} : { timeoutMs: Math.max(1, nextMs - steadyMs()) };
    await group.upkeepWakeup.wait({ signal, ...timeout });
  }
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

/** Takes a turn that is due; gives the time of the next turn, undefined if nothing is left to do. */
async function takeTurns(params: Params & { turns: Turns }): Promise<number | undefined> {
  const { core, group, turns } = params;
  const duties = await openDuties(params);
  for (const key of turns.keys()) if (!duties.some((duty) => keyOf(duty) === key)) turns.delete(key);
  const sinceMs = steadyMs();
  for (const duty of duties) {
    if (!turns.has(keyOf(duty))) turns.set(keyOf(duty), { atMs: duty.turnMs, sinceMs });
  }
  const due = duties.filter((duty) => (turns.get(keyOf(duty))?.atMs ?? 0) <= steadyMs());
  const [first] = await whatCanBeDone({ ...params, due });
  if (first) {
    const action = actionOf(first);
    for (const duty of duties) if (actionOf(duty).kind === action.kind) putOff(turns, duty);
    await take({ core, group, action });
  }
  return turns.size === 0 ? undefined : Math.min(...[...turns.values()].map(({ atMs }) => atMs));
}

async function take({ core, group, action }: Omit<Params, "signal"> & { action: Action }): Promise<void> {
  if (action.kind === "confirm") await group.queue.run(() => confirm({ core, group, entry: action.entry }));
  else if (!hasOpen(group, action)) await addIntent({ core, group, action });
}

function putOff(turns: Turns, duty: Duty): void {
  const { sinceMs } = turns.get(keyOf(duty)) ?? { sinceMs: steadyMs() };
  const waitMs = Math.min(MAX_TRY_AGAIN_MS, Math.max(TRY_AGAIN_MS, steadyMs() - sinceMs));
  turns.set(keyOf(duty), { atMs: steadyMs() + waitMs, sinceMs });
}

/** Keeps the duties that can be done: an installation whose key package is not there yet can't be taken in. */
async function whatCanBeDone(params: Params & { turns: Turns; due: readonly DutyInTurn[] }) {
  const { core, group, turns, due, signal } = params;
  const additions = due.filter((duty) => duty.kind === "add-installation");
  if (additions.length < due.length) return due.filter(({ kind }) => kind !== "add-installation");
  if (additions.length === 0) return [];
  const inboxes = [...new Set(additions.map(({ inbox }) => inbox))];
  const { number: block } = group.processed;
  const registry: Registry = (inbox) => confirmedInbox(core.inboxes.get(inbox));
  const asked = { core, group: group.id, inboxes, registry, block, signal };
  const { keyPackages } = await fetchKeyPackages(asked).catch((error: unknown): FetchedKeyPackages => {
    core.logger.debug({ error }, "no key packages for now");
    return { keyPackages: new Map(), nodes: [] };
  });
  const present = new Set([...keyPackages.values()].flat().map(({ installation }) => installation));
  for (const duty of additions) if (!present.has(duty.subject)) putOff(turns, duty);
  return additions.filter(({ subject }) => present.has(subject));
}

async function openDuties({ core, group }: Params): Promise<DutyInTurn[]> {
  const { record, leaves, stranded, owed } = group.view;
  if (group.caughtUpBy === undefined || isCopied(core, record) || !mayAct(core, group)) return [];
  // Nobody is removed, taken in or accused by what one node alone has told.
  if (group.view.provisional.length > 0) return [];
  if (record.status !== "member" && record.status !== "cut-off") return [];
  const place = { database: core.database, group: group.id, cache: group.epochs };
  const state = await readState({ ...place, head: record.head });
  if (!state) return [];
  const view = viewOf(state);
  if (record.status === "cut-off") return appealDuties({ core, group, view });
  const { inbox, installation } = core.self;
  const block = group.processed.number;
  const registry: Registry = (id) => confirmedInbox(core.inboxes.get(id));
  const revoked = revokedMembers({ members: view.members, registry, block });
  const standing = standingOf({ view, revoked, leaves, stranded, owed, block });
  // What is added has to be confirmed as of now.
  const isConfirmed = (id: InboxId) => core.inboxes.get(id)?.isProvisional === false;
  const missing = missingInstallations({ standing, registry, block }).filter((one) => isConfirmed(one.inbox));
  const self = { inbox, installation: installation.key };
  const duties = dutiesOf({ standing, leaves, self, missing });
  const turns = duties.map((duty) => ({
    ...duty,
    turnMs: steadyMs() + waitOf({ core, view, group, revoked, duty }),
  }));
  return [...turns, ...confirmDuty({ core, group, view, revoked })];
}

/**
 * Lists the duty to appeal, if there is one. One piece of evidence is enough, so it goes in turns; every request
 * counts.
 */
function appealDuties(params: {
  core: CoreParts<"inboxes" | "self">;
  group: Group;
  view: EpochView;
}): DutyInTurn[] {
  const { core, group, view } = params;
  const { installation } = core.self;
  const appeal = appealOf({ group, self: installation.key });
  if (appeal.kind !== "to-make" || isRevoked(core)) return [];
  const { contested } = appeal;
  const able = view.members.map((member) => member.installation);
  const waitMs = mayProve(contested) ? staggerMs({ subject: contested.id, self: installation.key, able }) : 0;
  return [{ kind: "appeal", subject: contested.id, turnMs: steadyMs() + waitMs }];
}

function waitOf(params: {
  core: CoreParts<"self">;
  view: EpochView;
  group: Group;
  revoked: ReadonlySet<InstallationKey>;
  duty: Duty;
}): number {
  const { core, view, group, revoked, duty } = params;
  if (duty.kind === "ask-again") return 0;
  const { leaves, stranded } = group.view;
  const able = view.members.filter(
    ({ inbox, installation }) =>
      !leaves.leavers.has(inbox) && !revoked.has(installation) && !stranded.has(installation),
  );
  return staggerMs({
    subject: duty.subject,
    self: core.self.installation.key,
    able: able.map(({ installation }) => installation),
  });
}

function actionOf(duty: Duty): Action {
  switch (duty.kind) {
    case "ask-again":
      return { kind: "leave" };
    case "confirm":
      return { kind: "confirm", entry: duty.subject };
    case "appeal":
      return { kind: "appeal", entry: duty.subject };
    default:
      return { kind: "upkeep" };
  }
}

function hasOpen(group: Group, action: Action): boolean {
  return group.view.intents.some((intent) => intent.action.kind === action.kind);
}

function keyOf({ kind, subject }: Duty): string {
  return `${kind} ${subject}`;
}
