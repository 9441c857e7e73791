import assert from "node:assert/strict";
import { groupStatus } from "../../src/index.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import type { TestClient } from "./openTestClient.ts";
import { texts } from "./texts.ts";
import { until } from "./until.ts";

/** Waits until all stand at one head and have as many texts, then compares digests of shared epochs and texts. */
export async function assertSameTimelines(params: {
  group: GroupId;
  members: readonly Pick<TestClient, "client">[];
  messages: number;
}): Promise<void> {
  const { group, members, messages } = params;
  await until("one head and all messages everywhere", async () => {
    const states = await Promise.all(members.map(({ client }) => groupStatus({ client, group })));
    const counts = await Promise.all(members.map((member) => texts(member, group)));
    return (
      new Set(states.map(({ head }) => head)).size === 1 && counts.every(({ length }) => length === messages)
    );
  });
  const states = await Promise.all(members.map(({ client }) => groupStatus({ client, group })));
  const since = Math.max(...states.map(({ joinedEpoch }) => joinedEpoch));
  const [first, ...others] = states.map(({ digests }) =>
    [...digests].filter(([epoch]) => epoch >= since).sort(([a], [b]) => a - b),
  );
  assert.ok(first && first.length > 0);
  for (const other of others) assert.deepEqual(other, first);
  const [mine, ...theirs] = await Promise.all(members.map((member) => texts(member, group)));
  for (const other of theirs) assert.deepEqual(other, mine);
}
