import { setTimeout as delay } from "node:timers/promises";
import type { GroupId, Hex, InboxId } from "../../src/index.ts";
import type { Standing } from "./acts.ts";
import { judge, type Report } from "./judge.ts";
import type { World } from "./world.ts";

/** When nobody talks any more and no fault is in force, everything has come to rest by then. */
const REST_LIMIT_MS = 60_000;
/** Nothing may have changed for so long. */
const QUIET_MS = 1_000;
const POLL_MS = 250;
const REPORT_MS = 60_000;

/** Waits until all is at rest and judges what everybody holds of these groups: what does not hold, in words. */
export async function settle(params: { world: World; groups: readonly GroupId[] }): Promise<string[]> {
  const { world, groups } = params;
  const left = await awaitRest(params);
  // What is not at rest may well differ.
  if (left.length > 0) return left.map((one) => `${REST_LIMIT_MS / 1_000} s after the talk: ${one}`);
  const found = await Promise.all(groups.map((group) => judgeGroup({ world, group })));
  return found.flat();
}

async function awaitRest(params: { world: World; groups: readonly GroupId[] }): Promise<string[]> {
  const { world } = params;
  const untilMs = performance.now() + REST_LIMIT_MS;
  let quiet: { fingerprint: string; sinceMs: number } | undefined;
  for (;;) {
    const { left, fingerprint } = await look(params);
    const nowMs = performance.now();
    if (left.length > 0) quiet = undefined;
    else if (quiet?.fingerprint !== fingerprint) quiet = { fingerprint, sinceMs: nowMs };
    if (quiet !== undefined && nowMs - quiet.sinceMs >= QUIET_MS) return [];
    if (nowMs > untilMs || world.signal.aborted) return left.length > 0 ? left : ["something still changes"];
    await delay(POLL_MS);
  }
}

async function look(params: {
  world: World;
  groups: readonly GroupId[];
}): Promise<{ left: string[]; fingerprint: string }> {
  const { world, groups } = params;
  const looks = world.people.map(async ({ name, person }) => {
    const inbox = world.inboxes.get(name);
    try {
      const { left, changes } = await person.ask("rest", { groups });
      const heads = await Promise.all(groups.map((group) => person.ask("standing", { group })));
      return { name, inbox, left, changes, heads };
    } catch (error) {
      return { name, inbox, left: [`does not answer (${(error as Error).message})`], changes: 0, heads: [] };
    }
  });
  const people = await Promise.all(looks);
  const apart = groups.flatMap((_, at) =>
    whoIsApart(people.map(({ name, inbox, heads }) => ({ name, inbox, standing: heads[at] }))),
  );
  return {
    left: [...people.flatMap(({ name, left }) => left.map((one) => `${name}: ${one}`)), ...apart],
    fingerprint: people.map(({ changes }) => changes).join(),
  };
}

/** Who is not where the others are: behind, not in yet, or out without knowing it. */
function whoIsApart(
  people: readonly { name: string; inbox: InboxId | undefined; standing: Standing | undefined }[],
): string[] {
  const isIn = ({ standing }: (typeof people)[number]): boolean => standing?.membership === "member";
  const epochs = people.filter(isIn).map(({ standing }) => standing?.epoch ?? 0);
  const newest = people.find((one) => isIn(one) && one.standing?.epoch === Math.max(...epochs))?.standing;
  if (newest === undefined) return ["nobody is a member"];
  return people.flatMap((one) => {
    const { name, inbox, standing } = one;
    const isWanted = inbox !== undefined && newest.members.includes(inbox);
    const stands = standing?.membership ?? "no part of it";
    if (isWanted !== isIn(one)) return [`${name} is ${stands}, which the others do not know`];
    return isWanted && standing?.head !== newest.head
      ? [`${name} is in epoch ${standing?.epoch} of ${newest.epoch}`]
      : [];
  });
}

async function judgeGroup(params: { world: World; group: GroupId }): Promise<string[]> {
  const { world, group } = params;
  const reports = new Map<string, Report>();
  const failed: string[] = [];
  for (const { name, person } of world.people) {
    try {
      const report = await person.ask("report", { group }, REPORT_MS);
      if (report) reports.set(name, report);
    } catch (error) {
      failed.push(`${name} gives no report: ${(error as Error).message}`);
    }
  }
  const acknowledged = new Set<Hex>();
  for (const said of world.ledger.said.values()) {
    if (said.isAcknowledged && said.group === group) acknowledged.add(said.intent);
  }
  const name = group === world.hall ? "hall" : "salon";
  return [...failed, ...judge({ group: name, reports, acknowledged })];
}
