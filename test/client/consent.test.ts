import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomBytes } from "#crypto";
import { tables } from "../../src/client/database/tables.ts";
import type { Group } from "../../src/client/group/group.ts";
import { forgetOldRequests, MAX_REQUESTS } from "../../src/client/joining/forgetOldRequests.ts";
import { verdictOn } from "../../src/client/joining/judgeWelcome.ts";
import {
  type Client,
  type Consent,
  type GroupId,
  type InboxId,
  isWeftError,
  listConversations,
  listMessages,
  type MessageItem,
  markRead,
  messages,
  openDirect,
  renameGroup,
  type StreamedEvent,
  sendMessage,
  setConsent,
  setDraft,
} from "../../src/index.ts";
import { clientSchema } from "../../src/store/schema.ts";
import { writeAtomic } from "../../src/store/writeAtomic.ts";
import { directIdOf, directKind } from "../../src/wire/groupKind.ts";
import { asId } from "../../src/wire/ids.ts";
import { MAX_NOTE_BYTES } from "../../src/wire/limits.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import { heardDuring, numberNow } from "../support/changesSince.ts";
import { says } from "../support/contents.ts";
import {
  addOfflineGroup,
  type OfflineClient,
  openOfflineClient,
  testEntryOf,
} from "../support/openOfflineClient.ts";
import { contentOf, show } from "../support/showOffline.ts";
import { texts } from "../support/texts.ts";

const CAROL = asId<InboxId>(new Uint8Array(32).fill(2));
const MALLORY = asId<InboxId>(new Uint8Array(32).fill(3));

let offline: OfflineClient;
/** Messages stand in the order in which they are said. */
let depth = 0;
before(async () => {
  offline = await openOfflineClient();
});
after(async () => await offline[Symbol.asyncDispose]());

const add = (by?: InboxId, createdAtMs = 0, more = {}) => {
  const { core, inbox } = offline;
  const members = [inbox, CAROL, MALLORY];
  const record = { createdAtMs, members, ...more, ...(by ? { request: { by } } : {}) };
  return addOfflineGroup({ core, group: asId<GroupId>(randomBytes(32)), epochs: 2, record });
};
const say = async (group: Group, text: string, inbox = CAROL) =>
  await show(offline, group, { ...contentOf(offline, group, says(text), inbox), depth: ++depth });
const listed = async (consent?: Consent) =>
  await listConversations({ ...offline, ...(consent ? { consent } : {}) });
const isListed = async ({ id }: Group, consent: Consent) =>
  (await listed(consent)).some(({ group }) => group === id);
const summaryOf = async ({ id }: Group) => (await listed()).find(({ group }) => group === id);
const code = (expected: string) => (error: unknown) => isWeftError(error) && error.code === expected;

/** What a stream tells while something is done. */
async function told(
  params: { group?: GroupId; requests?: boolean },
  act: () => Promise<unknown>,
): Promise<StreamedEvent[]> {
  return await heardDuring({ client: offline.client, ...params, act });
}

test("a conversation that another brought is a request: listed apart, readable, and told of only if that is asked for", async () => {
  const [own, request] = [await add(), await add(CAROL)];
  assert.ok((await isListed(own, "allowed")) && !(await isListed(request, "allowed")));
  assert.equal((await listed("unknown")).find(({ group }) => group === request.id)?.requestedBy, CAROL);
  const silent = await told({}, () => say(request, "buy!"));
  assert.deepEqual(silent, []);
  for (const params of [{ requests: true }, { group: request.id }]) {
    const heard = await told(params, () => say(request, "more"));
    assert.ok(heard.some(({ kind }) => kind === "shown"));
  }
  assert.deepEqual(await texts(offline, request.id), ["buy!", "more", "more"]);
  assert.deepEqual(
    (await told({}, () => say(own, "hi"))).map(({ kind }) => kind),
    ["shown", "conversation"],
  );
});

test("saying or changing something in a request allows it, leaving it does not", async () => {
  const [spoken, changed] = [await add(CAROL), await add(CAROL)];
  const heard = await told({}, async () => {
    await sendMessage({ ...offline, group: spoken.id, text: "hello" });
    await renameGroup({ ...offline, group: changed.id, name: "ours" });
  });
  const allowed = heard.flatMap((event) =>
    event.kind === "consent" && "group" in event ? [[event.group, event.consent, event.by]] : [],
  );
  assert.deepEqual(allowed, [
    [spoken.id, "allowed", CAROL],
    [changed.id, "allowed", CAROL],
  ]);
  offline = await offline.reopen();
  assert.ok((await isListed(spoken, "allowed")) && (await isListed(changed, "allowed")));
});

test("who is allowed brings no requests any more; a decision about a conversation comes first", async () => {
  const [first, second] = [await add(CAROL), await add(CAROL)];
  await setConsent({ ...offline, inbox: CAROL, consent: "allowed" });
  assert.ok((await isListed(first, "allowed")) && (await isListed(second, "allowed")));
  await setConsent({ ...offline, group: first.id, consent: "blocked" });
  assert.ok((await isListed(first, "blocked")) && (await isListed(second, "allowed")));
  await setConsent({ ...offline, inbox: CAROL, consent: "unknown" });
  assert.ok(await isListed(second, "unknown"));
  await setConsent({ ...offline, group: second.id, consent: "allowed" });
  await setConsent({ ...offline, inbox: CAROL, consent: "blocked" });
  assert.ok(await isListed(second, "allowed"));
  await setConsent({ ...offline, inbox: CAROL, consent: "unknown" });
});

test("what is blocked is kept, and neither shown, counted nor told; it is there again when the block ends", async () => {
  const [group, theirs] = [await add(), await add(MALLORY)];
  await say(group, "from carol");
  await say(group, "from mallory", MALLORY);
  assert.equal((await summaryOf(group))?.last?.text, "from mallory");
  await setConsent({ ...offline, inbox: MALLORY, consent: "blocked" });
  const { unread, last } = (await summaryOf(group)) ?? assert.fail("listed");
  assert.deepEqual([unread, last?.text], [1, "from carol"]);
  const heard = await told({ requests: true }, async () => {
    await say(group, "still here", MALLORY);
    await say(theirs, "hello?", MALLORY);
  });
  assert.deepEqual(heard, []);
  assert.equal((await summaryOf(group))?.unread, 1);
  assert.ok(await isListed(theirs, "blocked"));
  assert.deepEqual(await texts(offline, group.id), ["from carol"]);
  await assert.rejects(sendMessage({ ...offline, group: theirs.id, text: "no" }), code("blocked"));
  await assert.rejects(renameGroup({ ...offline, group: theirs.id, name: "no" }), code("blocked"));
  offline = await offline.reopen();
  assert.deepEqual(await texts(offline, group.id), ["from carol"]);
  await setConsent({ ...offline, inbox: MALLORY, consent: "unknown" });
  assert.deepEqual(await texts(offline, group.id), ["from carol", "from mallory", "still here"]);
  assert.equal((await summaryOf(group))?.last?.text, "still here");
  await markRead({ ...offline, group: group.id });
  assert.equal((await summaryOf(group))?.unread, 0);
});

test("a program that reads messages gets those of conversations that are allowed, or of the request that it names", async () => {
  const [own, request] = [await add(), await add(CAROL)];
  const since = numberNow(offline.client);
  await say(request, "psst");
  await say(own, "from mallory", MALLORY);
  await setConsent({ ...offline, inbox: MALLORY, consent: "blocked" });
  await say(own, "aloud");
  const first = async (params: { group?: GroupId }): Promise<MessageItem["text"]> => {
    for await (const { text } of messages({ client: offline.client, since, ...params })) return text;
    return undefined;
  };
  assert.equal(await first({}), "aloud");
  assert.equal(await first({ group: request.id }), "psst");
  await setConsent({ ...offline, inbox: MALLORY, consent: "unknown" });
});

test("the oldest requests beyond those that are kept are forgotten, and the same Welcome brings none back", async () => {
  const { core } = offline;
  const open = (await listed("unknown")).length;
  const oldest = await add(CAROL, -2);
  await say(oldest, "first");
  await markRead({ ...offline, group: oldest.id });
  const entry = testEntryOf(oldest.id, 1);
  const topicPosition = tables.topicPosition.put(
    { topic: groupTopic(oldest.id) },
    { cursors: {}, vector: [] },
  );
  const entered = tables.entered.put({ group: oldest.id, entry }, { isLeft: false });
  await writeAtomic({ database: core.database, writes: [topicPosition, entered], sync: false });
  const blocked = await add(CAROL, -3);
  await setConsent({ ...offline, group: blocked.id, consent: "blocked" });
  for (let i = open + 1; i < MAX_REQUESTS; i++) await add(CAROL, i);
  await forgetOldRequests(core);
  assert.ok(core.groups.has(oldest.id));
  const newest = await add(CAROL, MAX_REQUESTS);
  const heard = await told({ requests: true }, () => forgetOldRequests(core));
  assert.deepEqual(
    heard.filter(({ kind }) => kind === "forgotten"),
    [{ kind: "forgotten", group: oldest.id }],
  );
  assert.ok(!core.groups.has(oldest.id) && core.groups.has(newest.id) && core.groups.has(blocked.id));
  assert.equal((await listed("unknown")).length, MAX_REQUESTS);
  const left = [];
  for await (const key of core.database.level.keys()) {
    if (Buffer.from(key).includes(Buffer.from(oldest.id.slice(2), "hex"))) left.push(key[0]);
  }
  assert.deepEqual(left, [clientSchema.entered.prefix]);
  assert.equal(await verdictOn(core, { group: oldest.id, entry }), "over");
  assert.equal(await verdictOn(core, { group: oldest.id, entry: testEntryOf(oldest.id, 2) }), "enter");
  await show(offline, oldest, contentOf(offline, oldest, says("late"), CAROL));
  assert.equal(await tables.conversation.get(core.database, { group: oldest.id }), undefined);
  await assert.rejects(listMessages({ ...offline, group: oldest.id }), code("unknown-group"));
});

test("a direct conversation is one for consent and drafts, however many groups it has; who is blocked is not talked to", async () => {
  const closed = directKind(offline.inbox, CAROL);
  const members = [offline.inbox, CAROL];
  const record = { closed, members, name: "" };
  const [mine, theirs] = [await add(undefined, 1, record), await add(CAROL, 2, record)];
  const conversation = directIdOf(closed);
  const row = async (consent: Consent) =>
    (await listed(consent)).find((one) => one.conversation === conversation);
  await setConsent({ ...offline, group: theirs.id, consent: "allowed" });
  await setDraft({ ...offline, group: mine.id, text: "dear carol" });
  const { groups, draft } = (await row("allowed")) ?? assert.fail("listed");
  assert.deepEqual([groups.length, draft], [2, "dear carol"]);
  await say(theirs, "hello");
  await setConsent({ ...offline, inbox: CAROL, consent: "blocked" });
  assert.equal(await row("allowed"), undefined);
  assert.equal((await row("blocked"))?.groups.length, 2);
  await assert.rejects(openDirect({ ...offline, with: CAROL }), code("blocked"));
  await assert.rejects(sendMessage({ ...offline, group: mine.id, text: "no" }), code("blocked"));
  assert.deepEqual(await told({ requests: true }, () => say(theirs, "are you there?")), []);
  await setConsent({ ...offline, inbox: CAROL, consent: "unknown" });
  assert.equal((await row("allowed"))?.groups.length, 2);
});

test("a draft is listed with its conversation until it is emptied", async () => {
  const group = await add();
  const at = { ...offline, group: group.id };
  const heard = await told({}, () => setDraft({ ...at, text: "dear carol" }));
  assert.deepEqual(heard, [{ kind: "draft", group: group.id, text: "dear carol" }]);
  offline = await offline.reopen();
  assert.equal((await summaryOf(group))?.draft, "dear carol");
  await setDraft({ ...offline, group: group.id, text: "" });
  assert.equal((await summaryOf(group))?.draft, undefined);
});

test("what can't be decided or kept is refused by name", async () => {
  const unknown = asId<GroupId>(randomBytes(32));
  const { client }: { client: Client } = offline;
  await assert.rejects(setConsent({ client, group: unknown, consent: "allowed" }), code("unknown-group"));
  await assert.rejects(
    setConsent({ client, inbox: "0x12" as InboxId, consent: "blocked" }),
    code("malformed"),
  );
  const { id: group } = await add();
  const bad = "sometimes" as Consent;
  await assert.rejects(setConsent({ client, group, consent: bad }), code("malformed"));
  await assert.rejects(setDraft({ client, group: unknown, text: "" }), code("unknown-group"));
  await assert.rejects(setDraft({ client, group, text: "\ud800" }), code("malformed"));
  const long = "x".repeat(MAX_NOTE_BYTES + 1);
  await assert.rejects(setDraft({ client, group, text: long }), code("too-large"));
});
