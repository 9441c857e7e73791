import assert from "node:assert/strict";
import { test } from "node:test";
import { coreOf } from "../../src/client/client.ts";
import { noteFailure } from "../../src/client/nodes/nodeLinks.ts";
import { steadyMs } from "../../src/clock/steadyMs.ts";
import {
  addMembers,
  type Client,
  createGroup,
  listMessages,
  type StreamedEvent,
  sendMessage,
  stream,
  syncStatus,
} from "../../src/index.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { moveClock, trueMs } from "../support/moveClock.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { startTestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What is told of the chain's time may be off by. */
const NEAR_MS = 5_000;

test("whatever the clock shows: people talk and come in, times are right, and the app is told", async (t) => {
  t.after(() => moveClock(0));
  await using stack = new AsyncDisposableStack();
  const network = stack.use(await startTestNetwork({ nodes: 2 }));
  const alice = stack.use(await openTestClient({ network }));
  const bob = stack.use(await openTestClient({ network }));
  const heard: Extract<StreamedEvent, { kind: "clock" }>[] = [];
  void follow(alice.client, (event) => event.kind === "clock" && heard.push(event));
  const { group, intent } = await createGroup({
    client: alice.client,
    name: "g",
    members: [bob.client.inbox],
  });
  assert.deepEqual(await intent.settled, { kind: "delivered" });
  await until("bob in the group", () => isMember(bob, group));
  const talk = async (text: string) => {
    const sentAt = trueMs();
    const said = await sendMessage({ client: alice.client, group, text });
    assert.deepEqual(await said.settled, { kind: "delivered" });
    await until(`${text} read`, async () => (await texts(bob, group)).includes(text));
    return { sentAt, shownAt: await sentAtMs(bob.client, group, text) };
  };

  moveClock(100 * DAY_MS);
  await until("the app hears that the clock is wrong", () => heard.some(({ isWrong }) => isWrong));
  assert.ok(near(heard[0]?.offsetMs ?? 0, 100 * DAY_MS), `${heard[0]?.offsetMs}`);
  assert.equal((await syncStatus({ client: bob.client })).clock?.isWrong, true);
  const far = await talk("100 days ahead");
  assert.ok(near(far.shownAt, far.sentAt), "what people are shown is put right");
  const carol = stack.use(await openTestClient({ network }));
  const adding = await addMembers({ client: alice.client, group, members: [carol.client.inbox] });
  assert.deepEqual(await adding.settled, { kind: "delivered" });
  await until("carol in the group", () => isMember(carol, group));
  for (const { own } of coreOf(carol.client).keyPackages.values()) {
    assert.ok(near(own.expiresAt * 1000, trueMs() + 90 * DAY_MS), "her key package lasts as long as any");
  }

  // Nodes that were left alone before a jump back are tried again when they would have been without it.
  const { links } = coreOf(alice.client);
  for (const node of links.nodes.keys()) noteFailure(links, node, steadyMs());
  moveClock(-2 * HOUR_MS);
  await talk("2 h behind");
  const dave = stack.use(await openTestClient({ network }));
  const inviting = await addMembers({ client: alice.client, group, members: [dave.client.inbox] });
  assert.deepEqual(await inviting.settled, { kind: "delivered" });
  await until("dave in the group", () => isMember(dave, group));

  moveClock(0);
  await until("it is right again", () => heard.at(-1)?.isWrong === false);
  const now = await talk("right");
  assert.ok(near(now.shownAt, now.sentAt));
});

function near(ms: number, other: number): boolean {
  return Math.abs(ms - other) < NEAR_MS;
}

async function follow(client: Client, hear: (event: StreamedEvent) => void): Promise<void> {
  for await (const event of stream({ client })) hear(event);
}

async function sentAtMs(client: Client, group: GroupId, text: string): Promise<number> {
  const items = await listMessages({ client, group });
  const found = items.find((item) => item.kind === "message" && item.text === text);
  return found?.kind === "message" ? found.sentAtMs : Number.NaN;
}
