import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomBytes } from "#crypto";
import type { Group } from "../../src/client/group/group.ts";
import { type ArrivedMessage, messages } from "../../src/index.ts";
import { asId, type GroupId, type InboxId } from "../../src/wire/ids.ts";
import { messageIdOf } from "../../src/wire/messageContent.ts";
import { changesSince, numberNow } from "../support/changesSince.ts";
import { deletes, relates, says } from "../support/contents.ts";
import { addOfflineGroup, type OfflineClient, openOfflineClient } from "../support/openOfflineClient.ts";
import { contentOf, show } from "../support/showOffline.ts";

const OTHER = asId<InboxId>(new Uint8Array(32).fill(2));
let offline: OfflineClient;
before(async () => {
  offline = await openOfflineClient();
});
after(async () => await offline[Symbol.asyncDispose]());

const addGroup = () =>
  addOfflineGroup({ core: offline.core, group: asId<GroupId>(randomBytes(32)), epochs: 3 });
const groupAgain = ({ id }: Group) => offline.core.groups.get(id) ?? assert.fail("the group is gone");
const say = async (group: Group, text: string, inbox = OTHER) => {
  const content = contentOf(offline, group, says(text), inbox);
  await show(offline, group, content);
  return content;
};

/** The texts of the next so many messages; the last of them is not done with when this returns. */
async function next(
  count: number,
  params: Omit<Parameters<typeof messages>[0], "client">,
): Promise<ArrivedMessage[]> {
  const found: ArrivedMessage[] = [];
  for await (const message of messages({ client: offline.client, ...params })) {
    found.push(message);
    if (found.length === count) break;
  }
  return found;
}
const textsOf = (found: readonly ArrivedMessage[]) => found.map(({ text }) => text);

test("a consumer goes on where it was, and has again what it was working on", async () => {
  const group = await addGroup();
  await say(group, "before anybody listens");
  const consumer = "bot";
  const listening = next(2, { consumer });
  await new Promise((resolve) => setImmediate(resolve));
  await say(group, "one");
  await say(group, "mine", offline.inbox);
  await say(group, "two");
  assert.deepEqual(textsOf(await listening), ["one", "two"]);
  await say(group, "three");
  assert.deepEqual(textsOf(await next(2, { consumer })), ["two", "three"]);
  offline = await offline.reopen();
  const again = groupAgain(group);
  await say(again, "four");
  assert.deepEqual(textsOf(await next(2, { consumer })), ["three", "four"]);
  assert.deepEqual(textsOf(await next(1, { consumer: "another", since: 0 })), ["before anybody listens"]);
});

test("edits, reactions and second sealings are no messages; what was deleted meanwhile does not come", async () => {
  const group = await addGroup();
  const since = (await next(1, { since: 0 }).catch(() => []))[0]?.number ?? 0;
  const first = await say(group, "first");
  const second = await say(group, "second");
  const id = messageIdOf(first);
  await show(offline, group, contentOf(offline, group, relates("edit", id), OTHER));
  await show(offline, group, contentOf(offline, group, relates("react", id, { key: "+" }), OTHER));
  await show(offline, group, first, { epoch: 2 });
  await show(offline, group, contentOf(offline, group, deletes(messageIdOf(second)), OTHER));
  await say(group, "third");
  const found = await next(2, { since, group: group.id });
  assert.deepEqual(textsOf(found), ["again", "third"], "as it stands now");
  assert.ok(found[0] && found[1] && found[0].number < found[1].number);
});

test("one group's messages are read without the others', each in its order", async () => {
  const [a, b] = [await addGroup(), await addGroup()];
  const since = numberNow(offline.client);
  for (const i of [1, 2, 3]) {
    await say(a, `a${i}`);
    await say(b, `b${i}`);
  }
  assert.deepEqual(textsOf(await next(3, { since, group: b.id })), ["b1", "b2", "b3"]);
  assert.deepEqual(textsOf(await next(6, { since })), ["a1", "b1", "a2", "b2", "a3", "b3"]);
});

test("a stream ends with its signal or its client", async () => {
  const ending = new AbortController();
  const listening = next(1, { signal: ending.signal });
  await new Promise((resolve) => setImmediate(resolve));
  ending.abort();
  assert.deepEqual(await listening, []);
  const other = next(1, {});
  await new Promise((resolve) => setImmediate(resolve));
  offline = await offline.reopen();
  assert.deepEqual(await other, []);
});
