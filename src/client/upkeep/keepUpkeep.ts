import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import type { KeyPackageRecord } from "../../wire/keyPackageRecord.ts";
import type { ClientCore } from "../core.ts";
import { type Registry, revokedMembers } from "../entries/judgeEntry.ts";
import { readState } from "../groups/epochStates.ts";
import { type EpochView, viewOf } from "../groups/epochView.ts";
import type { Group } from "../groups/group.ts";
import { isCopied } from "../identity/isCopied.ts";
import { addIntent } from "../outbox/addIntent.ts";
import { fetchKeyPackages } from "../outbox/fetchKeyPackages.ts";
import type { Action } from "../outbox/intent.ts";
import { type Duty, dutiesOf, missingInstallations } from "./duties.ts";
import { staggerMs } from "./stagger.ts";

type Params = { core: ClientCore; group: Group; signal: AbortSignal };

/** When a duty is this client's turn, and since when it is known; milliseconds since 1970. */
type Turn = { readonly atMs: number; readonly sinceMs: number };
/** By kind and subject. */
type Turns = Map<string, Turn>;
type DutyInTurn = Duty & { readonly turnMs: number };

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
  while (!signal.aborted) {
    const nextMs = await takeTurns({ ...params, turns });
    const timeout = nextMs === undefined ? {} : { timeoutMs: Math.max(1, nextMs - Date.now()) };
    await group.upkeepWakeup.wait({ signal, ...timeout });
  }
}

/** When the next turn comes, if anything is left to do. */
async function takeTurns(params: Params & { turns: Turns }): Promise<number | undefined> {
  const { core, group, turns } = params;
  const duties = await openDuties(params);
  for (const key of turns.keys()) if (!duties.some((duty) => keyOf(duty) === key)) turns.delete(key);
  const sinceMs = Date.now();
  for (const duty of duties) {
    if (!turns.has(keyOf(duty))) turns.set(keyOf(duty), { atMs: duty.turnMs, sinceMs });
  }
  const due = duties.filter((duty) => (turns.get(keyOf(duty))?.atMs ?? 0) <= Date.now());
  const [first] = await whatCanBeDone({ ...params, due });
  if (first) {
    const action = actionOf(first);
    for (const duty of duties) if (actionOf(duty).kind === action.kind) putOff(turns, duty);
    if (!hasOpen(group, action)) await addIntent({ core, group, action });
  }
  return turns.size === 0 ? undefined : Math.min(...[...turns.values()].map(({ atMs }) => atMs));
}

function putOff(turns: Turns, duty: Duty): void {
  const { sinceMs } = turns.get(keyOf(duty)) ?? { sinceMs: Date.now() };
  const waitMs = Math.min(MAX_TRY_AGAIN_MS, Math.max(TRY_AGAIN_MS, Date.now() - sinceMs));
  turns.set(keyOf(duty), { atMs: Date.now() + waitMs, sinceMs });
}

/** An installation whose key package is not there yet can't be taken in. */
async function whatCanBeDone(params: Params & { turns: Turns; due: readonly DutyInTurn[] }) {
  const { core, group, turns, due, signal } = params;
  const additions = due.filter((duty) => duty.kind === "add-installation");
  if (additions.length < due.length) return due.filter(({ kind }) => kind !== "add-installation");
  if (additions.length === 0) return [];
  const inboxes = [...new Set(additions.map(({ inbox }) => inbox))];
  const { number: block } = group.processed;
  const registry: Registry = (inbox) => core.inboxes.get(inbox)?.inbox;
  const found = await fetchKeyPackages({ core, inboxes, registry, block, signal }).catch((error: unknown) => {
    core.logger.debug({ error }, "no key packages for now");
    return new Map<InboxId, KeyPackageRecord[]>();
  });
  const present = new Set([...found.values()].flat().map(({ installation }) => installation));
  for (const duty of additions) if (!present.has(duty.subject)) putOff(turns, duty);
  return additions.filter(({ subject }) => present.has(subject));
}

async function openDuties({ core, group }: Params): Promise<DutyInTurn[]> {
  const { record, leaves } = group.view;
  if (record.status !== "member" || group.caughtUpBy === undefined || isCopied(core, record)) return [];
  const place = { database: core.database, group: group.id, cache: group.epochs };
  const state = await readState({ ...place, head: record.head });
  if (!state) return [];
  const view = viewOf(state);
  const { inbox, installation } = core.self;
  const block = group.processed.number;
  const registry: Registry = (id) => core.inboxes.get(id)?.inbox;
  const revoked = revokedMembers({ members: view.members, registry, block });
  const missing = missingInstallations({ view, leaves, registry, block });
  const self = { inbox, installation: installation.key };
  const duties = dutiesOf({ view, leaves, self, revoked, missing });
  return duties.map((duty) => ({
    ...duty,
    turnMs: Date.now() + waitOf({ core, view, group, revoked, duty }),
  }));
}

function waitOf(params: {
  core: ClientCore;
  view: EpochView;
  group: Group;
  revoked: ReadonlySet<InstallationKey>;
  duty: Duty;
}): number {
  const { core, view, group, revoked, duty } = params;
  if (duty.kind === "ask-again") return 0;
  const { leavers } = group.view.leaves;
  const able = view.members.filter(
    ({ inbox, installation }) => !leavers.has(inbox) && !revoked.has(installation),
  );
  return staggerMs({
    subject: duty.subject,
    self: core.self.installation.key,
    able: able.map(({ installation }) => installation),
  });
}

function actionOf(duty: Duty): Action {
  return duty.kind === "ask-again" ? { kind: "leave" } : { kind: "upkeep" };
}

function hasOpen(group: Group, action: Action): boolean {
  return group.view.intents.some((intent) => intent.action.kind === action.kind);
}

function keyOf({ kind, subject }: Duty): string {
  return `${kind} ${subject}`;
}
