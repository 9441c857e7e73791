import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomBytes } from "#crypto";
import { coreOf } from "../../src/client/client.ts";
import { crashAtNextWrite } from "../../src/client/crashAtNextWrite.ts";
import { tables } from "../../src/client/database/tables.ts";
import { eraseOnce } from "../../src/client/history/eraseOldKeys.ts";
import { HISTORY_KEY_MS } from "../../src/client/history/historyRequest.ts";
import { makeHistoryOffer } from "../../src/identity/historyCode.ts";
import {
  type Client,
  groupStatus,
  type HistoryProgress,
  type ImportedHistory,
  isWeftError,
  listConversations,
  listMessages,
  type MessageItem,
  receiveHistory,
  sendHistory,
} from "../../src/index.ts";
import { connectNode } from "../../src/rpc/connectNode.ts";
import { writeAtomic } from "../../src/store/writeAtomic.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { buildHistoryEnvelope, decodeHistoryPayload } from "../../src/wire/historyPayload.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { historyRequestTopic } from "../../src/wire/topic.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember, openTestGroup, type TestGroup } from "../support/openTestGroup.ts";
import { say } from "../support/say.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

let network: TestNetwork;
let talk: TestGroup;
/** Larger than half a page: each has one of its own. */
const LONG = "x".repeat(40_000);
const said = [`first ${LONG}`, `second ${LONG}`, `third ${LONG}`, "and the last one"];

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
  talk = await openTestGroup({ network, names: ["alice", "bob"] });
  const [alice, bob] = talk.members;
  assert.ok(alice && bob);
  for (const [i, text] of said.entries()) await say(i % 2 ? bob : alice, talk.group, text);
  await until("alice has it", async () => (await texts(alice, talk.group)).length === said.length);
});
after(async () => {
  for (const member of talk.members) await member[Symbol.asyncDispose]();
  await talk[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
});

function alice(): TestClient {
  return talk.members[0] ?? assert.fail();
}

/** Another device of alice's, which joins her group by and by. */
function openSecond(more: Partial<Parameters<typeof openTestClient>[0]> = {}): Promise<TestClient> {
  return openTestClient({ network, name: "alice/2", privateKey: alice().privateKey, ...more });
}

/** What a device asks with, and what it gets. */
function ask(client: Client, onProgress?: (progress: HistoryProgress) => void) {
  const { promise: code, resolve, reject } = Promise.withResolvers<string>();
  const received = receiveHistory({ client, onCode: resolve, ...(onProgress ? { onProgress } : {}) });
  received.catch(reject);
  return { code, received };
}

async function itemsOf({ client }: Pick<TestClient, "client">, group: GroupId): Promise<MessageItem[]> {
  const items = await listMessages({ client, group });
  return items.flatMap((item) => (item.kind === "message" ? [item] : []));
}

async function assertHasAll(device: Pick<TestClient, "client">, received: ImportedHistory): Promise<void> {
  assert.equal(received.installation, alice().client.installation);
  const items = await itemsOf(device, talk.group);
  assert.deepEqual(
    items.map(({ text, origin }) => [text, origin]),
    said.map((text) => [text, "device"]),
  );
}

const refused = (code: string) => (error: unknown) => isWeftError(error) && error.code === code;

test("a new device gets the history from one on which its code was typed, and both forget the key", async () => {
  await using second = await openSecond();
  await until("the second device in the group", () => isMember(second, talk.group));
  const digests = (await groupStatus({ ...second, group: talk.group })).digests;
  const progress: HistoryProgress[] = [];
  const { code, received } = ask(second.client, (one) => progress.push(one));
  const typed = (await code).toUpperCase().replaceAll("-", " ");
  assert.match(await code, /^(\w{4}-){3}\w{4}$/);
  const sent = await sendHistory({ ...alice(), to: second.client.installation, code: typed });
  assert.deepEqual([sent.messages, sent.isCut], [said.length, false]);
  const all = await received;
  assert.equal(all.come, said.length);
  await assertHasAll(second, all);
  assert.deepEqual(progress.at(-1), { messages: said.length, expected: said.length, bytes: sent.bytes });
  const first = progress.findIndex(({ messages }) => messages > 0);
  assert.equal(progress[first]?.messages, 2, "the newest come first");
  assert.deepEqual((await groupStatus({ ...second, group: talk.group })).digests, digests);
  const to = second.client.installation;
  const mine = await tables.historySending.get(coreOf(alice().client).database, { installation: to });
  const theirs = await tables.historyRequest.get(coreOf(second.client).database, {});
  assert.deepEqual([mine, theirs], [undefined, undefined]);
});

test("whoever has only the wallet gets nothing: not by asking, not in another's place, not by answering", async () => {
  await using second = await openSecond();
  await using thief = await openSecond({ name: "thief" });
  const [mine, theirs] = [ask(second.client), ask(thief.client)];
  const [code, stolen] = [await mine.code, await theirs.code];
  const [to, there] = [second.client.installation, thief.client.installation];
  await assert.rejects(sendHistory({ ...alice(), to: there, code }), refused("wrong-code"));
  await assert.rejects(sendHistory({ ...alice(), to, code: stolen }), refused("wrong-code"));
  await assert.rejects(sendHistory({ ...alice(), to, code: "abcd-efgh" }), refused("wrong-code"));
  const bob = talk.members[1]?.client.installation ?? assert.fail();
  await assert.rejects(sendHistory({ ...alice(), to: bob, code }), refused("unknown-record"));
  await assert.rejects(
    sendHistory({ ...alice(), to: alice().client.installation, code }),
    refused("unknown-record"),
  );
  // The thief answers with an archive of its own: it has the request, but not the code.
  const topic = historyRequestTopic(to);
  const asked = await requestOn(topic);
  const key = { preamble: randomBytes(82), secret: randomBytes(32), topic: randomBytes(32) };
  const payload = makeHistoryOffer({ request: asked, installation: to, code: randomBytes(10), key });
  await publish(await buildHistoryEnvelope({ topic, payload }));
  await sendHistory({ ...alice(), to, code });
  await assertHasAll(second, await mine.received);
  assert.deepEqual(
    (await listConversations(thief)).filter(({ last }) => last),
    [],
    "nothing has come",
  );
  await thief[Symbol.asyncDispose]();
  await assert.rejects(theirs.received);
});

async function requestOn(topic: Uint8Array) {
  await using api = connectNode({ url: network.nodes[0]?.url ?? "" });
  const { envelopes } = await api.query({ topics: [{ topic }] });
  const payloads = envelopes.map(({ envelope }) => decodeHistoryPayload(envelope));
  return payloads.find((one) => one.kind === "request") ?? assert.fail("nobody asks");
}

async function publish(envelope: Envelope): Promise<void> {
  await using api = connectNode({ url: network.nodes[0]?.url ?? "" });
  const [outcome] = await api.publish({ envelopes: [envelope] });
  assert.equal(outcome?.kind, "acknowledged");
}

test("chunks that a node has exchanged are passed over, and come from another one", async () => {
  let liar: string | undefined;
  let exchanged = 0;
  /** The first node that serves chunks puts each into another's place. */
  const connect = ({ url }: { url: string }) => {
    const api = connectNode({ url });
    const query: typeof api.query = async (params, call) => {
      const page = await api.query(params, call);
      const envelopes = await Promise.all(
        page.envelopes.map(async (stored) => {
          if (stored.envelope.topic[0] !== 5) return stored;
          const payload = decodeHistoryPayload(stored.envelope);
          if (payload.kind !== "chunk") return stored;
          liar ??= url;
          if (liar !== url) return stored;
          exchanged++;
          const { topic } = stored.envelope;
          const other = { ...payload, number: payload.number ^ 1 };
          return { ...stored, envelope: await buildHistoryEnvelope({ topic, payload: other }) };
        }),
      );
      return { ...page, envelopes };
    };
    return { ...api, query };
  };
  await using second = await openSecond({ connect });
  const { code, received } = ask(second.client);
  await sendHistory({ ...alice(), to: second.client.installation, code: await code });
  await assertHasAll(second, await received);
  assert.ok(exchanged > 3);
});

test("devices that die on the way go on where they were, with the same code", async () => {
  let second = await openSecond();
  let first: TestClient = alice();
  const { directory, privateKey } = second;
  const to = second.client.installation;
  const shown = ask(second.client);
  const code = await shown.code;
  const dying = crashAtNextWrite({ client: first.client, takesEffect: true });
  await assert.rejects(sendHistory({ client: first.client, to, code }));
  await dying;
  first = await openTestClient({ network, name: "alice", ...placeOf(first) });
  talk = { ...talk, members: [first, ...talk.members.slice(1)] };
  // The next write of the new device comes when it is answered, and after that with each chunk.
  const died = crashAtNextWrite({ client: second.client, takesEffect: false });
  const sending = sendHistory({ client: first.client, to, code });
  await assert.rejects(shown.received);
  await died;
  second = await openTestClient({ network, name: "alice/2", directory, privateKey });
  await using _ = second;
  const again = ask(second.client);
  assert.equal(await again.code, code);
  await sending;
  await assertHasAll(second, await again.received);
});

function placeOf({ directory, privateKey }: TestClient) {
  return { directory, privateKey };
}

test("keys of what was never finished are erased after a day", async () => {
  const core = coreOf(alice().client);
  const record = {
    ...{ seed: randomBytes(32), installation: core.self.installation.key },
    ...{ createdAtMs: Date.now() - HISTORY_KEY_MS + 3_600_000, next: 0, messages: 0, come: 0, bytes: 0 },
  };
  const write = async (createdAtMs: number) => {
    const put = tables.historyRequest.put({}, { ...record, createdAtMs });
    await writeAtomic({ database: core.database, writes: [put], sync: false });
    await eraseOnce(core);
    return await tables.historyRequest.get(core.database, {});
  };
  assert.ok(await write(record.createdAtMs));
  assert.equal(await write(record.createdAtMs - 2 * 3_600_000), undefined);
});
