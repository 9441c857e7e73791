import assert from "node:assert/strict";
import {
  countOutcomes,
  groupStatus,
  isWeftError,
  type ListedItem,
  listIntents,
  listMessages,
} from "../../src/index.ts";
import type { GroupId, MessageId } from "../../src/wire/ids.ts";
import type { HostilePost } from "./hostile.ts";
import { blockNumbered } from "./memoryChain.ts";
import type { Played } from "./play.ts";
import { checkTruths } from "./truths.ts";
import type { View } from "./view.ts";
import type { World } from "./world.ts";

/** What has to hold of a world that has settled. Throws an AssertionError that says what does not. */
export async function checkProperties(params: {
  world: World;
  group: GroupId;
  played: Played;
  left: readonly string[];
}): Promise<void> {
  const { world, left } = params;
  assert.deepEqual(unexpected(world), [], "nothing failed in an unexpected way");
  assert.deepEqual(left, [], "every intent settles, and everybody comes to rest");
  const views = await readViews(params);
  checkDigests(views);
  checkShown(views);
  await checkLost({ ...params, views });
  checkFence({ ...params, views });
  await checkKeys(params);
  await checkTruths({ ...params, views });
}

const DISK_FAULTS = [
  "a write failed; the database is opened again",
  "the new installation was not made; it is tried again",
];

/** Whose disk refuses says so. */
function unexpected({ failures, seats }: World): unknown[] {
  return failures.filter((failure) => {
    const { seat = "", message } = failure as { seat?: string; message?: string };
    return !(seats.get(seat)?.hasFailed && DISK_FAULTS.includes(message ?? ""));
  });
}

async function readViews({ world, group }: { world: World; group: GroupId }): Promise<View[]> {
  const views: View[] = [];
  for (const { name, client } of world.seats.values()) {
    if (!client) continue;
    try {
      const state = await groupStatus({ client, group });
      const { pending } = await countOutcomes({ client, group });
      views.push({ name, state, pending, items: await listMessages({ client, group }) });
    } catch (error) {
      if (!isWeftError(error, "unknown-group")) throw error;
    }
  }
  return views;
}

/** Members who were in an epoch from its start, and hold all of it, hold the same. */
function checkDigests(views: readonly View[]): void {
  const seen = new Map<string, string>();
  for (const { name, state } of views.filter((view) => view.state.membership === "member")) {
    for (const { epoch, entry, digest } of state.epochs) {
      if (digest.kind !== "digest" || epoch <= state.joinedEpoch) continue;
      const key = `${epoch} ${entry}`;
      assert.equal(digest.digest, seen.get(key) ?? digest.digest, `${name} differs in epoch ${epoch}`);
      seen.set(key, digest.digest);
    }
  }
}

/**
 * Members show the same of an epoch, edits and reactions included, if their digests of it and of all later epochs are
 * equal, none of these has a gap or was missed, and nothing is pending.
 */
function checkShown(views: readonly View[]): void {
  const seen = new Map<string, unknown>();
  for (const { name, state, items } of views.filter(isWhole)) {
    let later = "";
    for (const { epoch, entry, digest } of state.epochs.toSorted((a, b) => b.epoch - a.epoch)) {
      if (digest.kind !== "digest" || epoch <= state.joinedEpoch) break;
      later += `${epoch} ${entry} ${digest.digest} `;
      const shown = items
        .filter((item) => item.kind === "message" && item.epoch === epoch)
        .map(({ delivery: _, ...item }) => item);
      assert.deepEqual(shown, seen.get(later) ?? shown, `${name} shows something else of epoch ${epoch}`);
      seen.set(later, shown);
    }
  }
}

function isWhole({ state, items, pending }: View): boolean {
  return state.membership === "member" && pending === 0 && items.every(({ kind }) => kind !== "missed");
}

/** What was delivered is with everybody who was a member then and is one still. */
async function checkLost(params: { world: World; played: Played; views: readonly View[] }): Promise<void> {
  const { world, played, views } = params;
  const delivered = new Set<string>();
  for (const { name, client } of world.seats.values()) {
    const silent = played.asked.filter((one) => one.client === client && !one.hasEnded);
    assert.deepEqual(silent, [], `${name} was not told how it ended`);
    const intents = client ? await listIntents({ client }) : [];
    for (const { id, outcome } of intents) {
      assert.ok(outcome, `the intent ${id} is still open`);
      if (outcome.kind === "delivered") delivered.add(id);
    }
  }
  const members = views.filter(({ state }) => state.membership === "member");
  for (const [message, { seat, intent }] of played.sends) {
    if (!delivered.has(intent)) continue;
    const own = members.find(({ name }) => name === seat)?.items;
    assert.ok(
      !own || own.some((item) => isMessage(item, message)),
      `${seat} does not see its own ${message}`,
    );
    const epochs = views.flatMap(({ items }) =>
      items.flatMap((item) => (isMessage(item, message) ? [item.epoch ?? 0] : [])),
    );
    if (epochs.length === 0) continue;
    const epoch = Math.min(...epochs);
    for (const { name, state, items } of members.filter((view) => view.state.joinedEpoch < epoch)) {
      const isThere = items.some((item) => isMessage(item, message));
      const isGap = items.some((item) => item.kind === "gap" && item.epoch === epoch);
      assert.ok(isThere || isGap, `${name} lacks ${message} of epoch ${epoch} of ${state.epoch}`);
    }
  }
}

function isMessage(item: ListedItem, id: MessageId): item is ListedItem & { kind: "message" } {
  return item.kind === "message" && item.id === id;
}

/** What removed members posted past their clients shows nowhere, unless a reorganization took their removal. */
function checkFence(params: { world: World; played: Played; views: readonly View[] }): void {
  const { world, played, views } = params;
  const stands = ({ removal: { number, hash } }: HostilePost): boolean =>
    blockNumbered(world.chain, number)?.ref.hash === hash;
  const hostile = new Set<string>(played.hostile.filter(stands).map(({ message }) => message));
  for (const { name, items } of views) {
    for (const item of items) {
      const counts = item.kind === "message" && hostile.has(item.id) && item.state === "visible";
      assert.ok(!counts, `${name} shows what was sent from outside`);
    }
  }
}

/** A second message under a key that was used would be told as a replay. */
async function checkKeys(params: { world: World; group: GroupId }): Promise<void> {
  const { world, group } = params;
  for (const { name, client } of world.seats.values()) {
    if (!client) continue;
    const { rejected } = await countOutcomes({ client, group });
    assert.equal(rejected.replayed ?? 0, 0, `${name} saw a key used twice`);
  }
}
