import { setTimeout as delay } from "node:timers/promises";
import {
  addMembers,
  type Client,
  type GroupId,
  groupStatus,
  type IntentHandle,
  isWeftError,
  listIntents,
  removeMembers,
  renameGroup,
} from "../../src/index.ts";
import { createRandom, type Random } from "../../test/search/random.ts";
import type { Talk } from "./acts.ts";

/** Between two things that one says or does, at least and at most. */
const PAUSE_MS = { least: 500, most: 2_500 };
/** Of what one does in the salon while all are there. */
const CHANGES = { remove: 0.04, rename: 0.06 };
/** Whoever is missing is asked back so often. */
const INVITES = 0.25;
/** An app would not go on typing when so much waits. */
const MAX_OPEN = 30;
const LONGEST_TEXT = 2_000;

type Params = Talk & {
  readonly client: Client;
  readonly say: (group: GroupId, text: string) => Promise<unknown>;
  readonly follow: (action: string, intent: IntentHandle) => void;
  readonly onError: (error: unknown) => void;
};

/** Says and does things until the answer is called. */
export function startTalk(params: Params): () => void {
  const { client, onError } = params;
  const stop = new AbortController();
  const random = createRandom(params.seed);
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const pauseMs = PAUSE_MS.least + random.below(PAUSE_MS.most - PAUSE_MS.least);
      await delay(pauseMs, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) return;
      try {
        if ((await listIntents({ client, open: true })).length < MAX_OPEN)
          await doNext({ ...params, random });
      } catch (error) {
        onError(error);
        if (isWeftError(error, "closed")) return;
      }
    }
  };
  void run();
  return () => stop.abort();
}

async function doNext(params: Params & { random: Random }): Promise<void> {
  const { client, hall, salon, everybody, random, say, follow } = params;
  const text = textOf(random);
  if (random.chance(0.5)) return void (await say(hall, text));
  const state = await groupStatus({ client, group: salon, digests: false }).catch(() => undefined);
  if (state?.membership !== "member") return;
  const missing = everybody.filter((inbox) => !state.members.includes(inbox));
  const target = { client, group: salon };
  const stranger = random.pick(missing);
  if (stranger !== undefined && random.chance(INVITES)) {
    return follow("add", await addMembers({ ...target, members: [stranger] }));
  }
  const victim = random.pick(state.members.filter((inbox) => inbox !== client.inbox));
  if (victim !== undefined && random.chance(CHANGES.remove)) {
    return follow("remove", await removeMembers({ ...target, members: [victim] }));
  }
  if (random.chance(CHANGES.rename)) {
    return follow("rename", await renameGroup({ ...target, name: `salon ${random.below(1_000)}` }));
  }
  await say(salon, text);
}

function textOf(random: Random): string {
  const length = random.chance(0.1) ? random.below(LONGEST_TEXT) : 12;
  return `${random.below(2 ** 31).toString(36)} `.padEnd(length, "~");
}
