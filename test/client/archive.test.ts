import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { randomBytes } from "#crypto";
import { crashAtNextWrite } from "../../src/client/crashAtNextWrite.ts";
import type { Group } from "../../src/client/group/group.ts";
import { checkHead } from "../../src/client/history/checkHead.ts";
import { readArchive } from "../../src/client/history/readArchive.ts";
import { type ArchiveKeys, type ArchiveLock, createArchiveKeys } from "../../src/identity/archiveKeys.ts";
import { createInstallation, type Installation } from "../../src/identity/createInstallation.ts";
import { sealArchiveChunk } from "../../src/identity/sealArchive.ts";
import {
  createRecoveryText,
  exportHistory,
  groupStatus,
  type HistoryLock,
  type HistoryProgress,
  importHistory,
  isWeftError,
  listConversations,
  listGroups,
  listMessages,
  type MessageItem,
} from "../../src/index.ts";
import { networkIdentity } from "../../src/store/openDatabase.ts";
import type { ArchiveChunk, ArchiveHead } from "../../src/wire/archive.ts";
import { u32 } from "../../src/wire/bytes.ts";
import { asId, type GroupId, type InboxId } from "../../src/wire/ids.ts";
import { messageIdOf } from "../../src/wire/messageContent.ts";
import { writeNumbered } from "../../src/wire/numbered.ts";
import { textPart } from "../../src/wire/part.ts";
import { deletes, relates, says } from "../support/contents.ts";
import {
  addOfflineGroup,
  type OfflineClient,
  openOfflineClient,
  testEntryOf,
} from "../support/openOfflineClient.ts";
import { contentOf, show } from "../support/showOffline.ts";
import { tellDevices } from "../support/tellDevices.ts";
import { testNetwork } from "../support/testNetwork.ts";

const EPOCHS = 3;
const lock: HistoryLock = { kind: "recovery", text: createRecoveryText() };
const bob = asId<InboxId>(new Uint8Array(32).fill(2));

/** A device of the inbox that all offline clients have. */
let writer: OfflineClient;
before(async () => {
  writer = await openOfflineClient();
});
after(async () => await writer[Symbol.asyncDispose]());

/** Another device, which knows the one that writes archives. */
async function openReader({ client }: OfflineClient = writer): Promise<OfflineClient> {
  const reader = await openOfflineClient();
  tellDevices(reader.core, reader.inbox, [client.installation]);
  return reader;
}

const addGroup = (offline: OfflineClient, group: GroupId = asId(randomBytes(32))) =>
  addOfflineGroup({ core: offline.core, group, epochs: EPOCHS });

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function bytesOf(offline: OfflineClient, by: HistoryLock = lock): Promise<Uint8Array[]> {
  return await allOf(exportHistory({ client: offline.client, lock: by }));
}

async function* streamed(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

const take = (reader: OfflineClient, pieces: Iterable<Uint8Array>, by: HistoryLock = lock) =>
  importHistory({ client: reader.client, bytes: streamed(pieces), lock: by });

async function itemsOf({ client }: OfflineClient, group: GroupId): Promise<MessageItem[]> {
  const items = await listMessages({ client, group });
  return items.flatMap((item) => (item.kind === "message" ? [item] : []));
}

/** What a person sees. */
const seen = (items: readonly MessageItem[]) =>
  items
    .filter(({ state }) => state === "visible")
    .map(({ text, author, epoch, replyTo, edit, reactions, parts, relation }) => ({
      ...{ text, author, epoch, replyTo, edit, reactions, parts, relation },
    }));

/** A conversation with all that a message can be. */
async function converse(offline: OfflineClient, group: Group) {
  const say = (body: Parameters<typeof contentOf>[2], epoch = 1, by = bob) =>
    show(offline, group, contentOf(offline, group, body, by), { epoch });
  const first = await say(says("teh bread"));
  await say(relates("edit", first.id, { parts: [textPart("the bread")] }));
  await say(relates("react", first.id, { key: "+" }), 2, offline.inbox);
  const gone = await say(says("a secret that was deleted"));
  await say(relates("edit", gone.id, { parts: [textPart("another secret that was deleted")] }));
  await say(deletes(gone.id), 2);
  await say(relates("reply", first.id, { parts: [textPart("who brings it?")] }), 2, offline.inbox);
  const extra = writeNumbered([{ number: 77, value: Uint8Array.of(1, 2, 3) }]);
  const external = {
    ...{ urls: ["https://files.example/1"], key: randomBytes(32), nonce: randomBytes(12) },
    ...{ hash: randomBytes(32), size: 4_000 },
  };
  await say({ parts: [{ type: "image/png", external, name: "bread.png", extra }], extra }, 2);
  await say(
    relates(130, first.id, { parts: [{ type: "app/poll", data: randomBytes(9), fallback: "a poll" }] }),
    3,
  );
  const silent = await say(relates(200, first.id), 3);
  const last = await say(says("I do"), 3);
  await show(offline, group, contentOf(offline, group, says("from beyond the fence"), bob), {
    ...{ epoch: 3, verdict: "fenced" },
  });
  return { first, gone, silent, last };
}

test("an archive brings all that a person has seen to another device, once, and to a third one from there", async () => {
  await using writer = await openOfflineClient();
  const group = await addGroup(writer);
  const { gone, silent } = await converse(writer, group);
  const progress: HistoryProgress[] = [];
  const pieces = await allOf(
    exportHistory({ client: writer.client, lock, onProgress: (one) => progress.push(one) }),
  );
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  assert.deepEqual(progress.at(-1), { messages: 5, expected: 7, bytes });
  const text = Buffer.concat(pieces).toString("latin1");
  for (const secret of ["bread", "test", writer.inbox.slice(2)]) assert.ok(!text.includes(secret));
  await using reader = await openReader(writer);
  const own = await addGroup(reader, group.id);
  const digests = (await groupStatus({ client: reader.client, group: group.id })).digests;
  const imported = await take(reader, pieces);
  const { writtenAtMs: _, ...told } = imported;
  const installation = writer.client.installation;
  assert.deepEqual(told, { installation, messages: 5, come: 5, isCut: false });
  const items = await itemsOf(reader, own.id);
  assert.deepEqual(seen(items), seen(await itemsOf(writer, group.id)));
  assert.deepEqual([...new Set(items.map(({ origin }) => origin))], ["archive"]);
  assert.ok(!items.some(({ id }) => id === gone.id), "what was deleted did not come along");
  assert.deepEqual((await groupStatus({ client: reader.client, group: group.id })).digests, digests);
  const [written] = await listConversations(writer);
  const [conversation] = await listConversations(reader);
  assert.deepEqual([conversation?.unread, conversation?.last], [0, written?.last]);
  assert.equal((await take(reader, pieces)).come, 0);
  assert.deepEqual(await itemsOf(reader, own.id), items);
  await using again = await reader.reopen();
  const second = await bytesOf(again);
  await using third = await openOfflineClient();
  tellDevices(third.core, third.inbox, [again.client.installation]);
  assert.equal((await take(third, second)).come, 5);
  assert.deepEqual(seen(await itemsOf(third, group.id)), seen(items));
  assert.deepEqual(listGroups(third), [], "it was never in the group");
  const [known] = await listConversations(third);
  assert.deepEqual([known?.name, known?.membership, known?.last], ["test", "told", written?.last]);
  const entered = await addGroup(third, group.id);
  await show(third, entered, silent.content, { epoch: 3 });
  assert.deepEqual(
    seen(await itemsOf(third, group.id)),
    seen(items),
    "what was told stays when it is entered",
  );
});

test("the message itself takes the place of what was told, and then it has come", async () => {
  await using writer = await openOfflineClient();
  const group = await addGroup(writer);
  const { first } = await converse(writer, group);
  const pieces = await bytesOf(writer);
  await using reader = await openReader(writer);
  const own = await addGroup(reader, group.id);
  await take(reader, pieces);
  const stateOf = async () => {
    const { text, origin } = (await itemsOf(reader, own.id)).find(({ id }) => id === first.id) ?? {};
    const [{ unread } = {}] = await listConversations(reader);
    return { text, origin, unread };
  };
  assert.deepEqual(await stateOf(), { text: "the bread", origin: "archive", unread: 0 });
  await show(reader, own, first.content);
  assert.deepEqual(await stateOf(), { text: "teh bread", origin: undefined, unread: 1 });
  assert.equal((await take(reader, pieces)).come, 0);
  assert.deepEqual(await stateOf(), { text: "teh bread", origin: undefined, unread: 1 });
  const { last } = await converse(reader, own);
  await show(reader, own, contentOf(reader, own, deletes(last.id), bob), { epoch: 3 });
  assert.ok(
    (await itemsOf(reader, own.id))
      .filter(({ id }) => id === last.id)
      .every(({ state }) => state === "deleted"),
  );
});

test("an import that dies at any write goes on, and ends as if it had not", async () => {
  await using writer = await openOfflineClient();
  const groups = [await addGroup(writer), await addGroup(writer)];
  for (const group of groups) await show(writer, group, contentOf(writer, group, says("x".repeat(50_000))));
  const pieces = await bytesOf(writer);
  for (const takesEffect of [false, true]) {
    let reader = await openReader(writer);
    const crash = crashAtNextWrite({ client: reader.client, takesEffect });
    await assert.rejects(take(reader, pieces));
    await crash;
    reader = await reader.reopen();
    await using _ = reader;
    tellDevices(reader.core, reader.inbox, [writer.client.installation]);
    const before = (await listConversations(reader)).length;
    assert.equal(before, takesEffect ? 1 : 0, "a page is there as a whole or not at all");
    await take(reader, pieces);
    for (const { id } of groups) assert.equal((await itemsOf(reader, id)).length, 1);
  }
});

test("a passphrase opens what it has locked, however its letters are composed", async () => {
  const [composed, apart] = ["caf\u00e9 au lait", "cafe\u0301 au lait"];
  const pieces = await bytesOf(writer, { kind: "passphrase", passphrase: composed });
  await using reader = await openReader();
  await take(reader, pieces, { kind: "passphrase", passphrase: apart });
  await refused("wrong-key", take(reader, pieces, { kind: "passphrase", passphrase: "cafe au lait" }));
  await refused("wrong-key", take(reader, pieces));
  await refused("wrong-key", bytesOf(writer, { kind: "passphrase", passphrase: "" }));
});

async function refused(code: string, call: Promise<unknown>): Promise<void> {
  await assert.rejects(call, (error) => isWeftError(error) && error.code === code);
}

/** Pieces of an archive that a hostile writer puts together. */
async function forge(params: {
  chunks: readonly ArchiveChunk[];
  by?: Installation;
  lock?: ArchiveLock;
}): Promise<Uint8Array[]> {
  const { chunks, by = writer.core.self.installation, lock: own = lock } = params;
  const keys = await createArchiveKeys(own);
  return [keys.preamble, ...chunks.map((chunk, number) => framed({ keys, by, chunk, number }))];
}

function framed(params: {
  keys: ArchiveKeys;
  by: Installation;
  chunk: ArchiveChunk;
  number: number;
}): Uint8Array {
  const sealed = sealArchiveChunk({ ...params, installation: params.by });
  return Buffer.concat([u32(sealed.length), sealed]);
}

const headOf = (changes: Partial<ArchiveHead> = {}): ArchiveChunk => ({
  kind: "head",
  head: {
    ...{ network: networkIdentity(testNetwork), inbox: writer.inbox },
    ...{ installation: writer.client.installation, writtenAtMs: 1, messages: 1, ...changes },
  },
});
const end = (pages: number): ArchiveChunk => ({ kind: "end", end: { pages, isCut: false } });

test("archives of others, of other networks and of later versions are refused by name, before anything is taken", async () => {
  await using reader = await openReader();
  const stranger = createInstallation();
  const other = { ...networkIdentity(testNetwork), chainId: 5 };
  await refused("foreign-archive", take(reader, await forge({ chunks: [headOf({ inbox: bob }), end(0)] })));
  const { key: installation } = stranger;
  await refused(
    "foreign-archive",
    take(reader, await forge({ chunks: [headOf({ installation }), end(0)], by: stranger })),
  );
  await refused("bad-archive", take(reader, await forge({ chunks: [headOf(), end(0)], by: stranger })));
  await refused("wrong-network", take(reader, await forge({ chunks: [headOf({ network: other }), end(0)] })));
  const [preamble = new Uint8Array(), ...rest] = await forge({ chunks: [headOf(), end(0)] });
  const later = preamble.slice();
  later[15] = 2;
  await refused("newer-archive", take(reader, [later, ...rest]));
  await refused("newer-archive", take(reader, [later.subarray(0, 16)]));
  await refused("wrong-key", take(reader, [preamble], { kind: "recovery", text: createRecoveryText() }));
  await refused("wrong-key", take(reader, [preamble], { kind: "recovery", text: "abcd-efgh" }));
  await refused("bad-archive", take(reader, []));
  await refused("bad-archive", take(reader, [new TextEncoder().encode("weft-node-backup, and more of it")]));
  assert.deepEqual(await listConversations(reader), []);
});

test("an archive that is cut off, put together anew or forged is refused, and nothing is half taken", async () => {
  const group = await addGroup(writer);
  const content = contentOf(writer, group, says("hello"), bob);
  const message = { id: messageIdOf(content), content, epoch: 1, entry: testEntryOf(group.id, 1) };
  const about = { name: "Forged", members: [bob], createdAtMs: 1 };
  const page = (messages: (typeof message)[]): ArchiveChunk => ({
    kind: "page",
    page: { group: group.id, about, messages },
  });
  const honest = [headOf(), page([message]), page([]), end(2)];
  const pieces = await forge({ chunks: honest });
  const [preamble, head, one, two, last] = pieces as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const otherGroup = { ...message, content: { ...content, group: asId<GroupId>(new Uint8Array(32)) } };
  const deep = { ...message, content: { ...content, depth: 0 } };
  const bad: Uint8Array[][] = [
    [preamble, head, one, two],
    [preamble, head, one, two, last.subarray(0, -1)],
    [preamble, head, one, last],
    [preamble, head, two, one, last],
    [preamble, one, head, two, last],
    [preamble, head, one, one, two, last],
    [...pieces, Uint8Array.of(0)],
    [...pieces, last],
    [preamble, u32(2 ** 31), last],
    await forge({ chunks: [headOf(), page([message]), end(7)] }),
    await forge({ chunks: [headOf(), headOf(), end(1)] }),
    await forge({ chunks: [page([message]), end(0)] }),
    await forge({ chunks: [headOf(), page([otherGroup]), end(1)] }),
    await forge({ chunks: [headOf(), page([deep]), end(1)] }),
    await forge({ chunks: [headOf(), page([{ ...message, epoch: 0 }]), end(1)] }),
  ];
  for (const one of bad) {
    await using reader = await openReader();
    await refused("bad-archive", take(reader, one));
    const taken = (await listConversations(reader)).length;
    assert.ok(taken === 0 || (await itemsOf(reader, group.id)).length === 1, "a page or nothing");
  }
  await using reader = await openReader();
  assert.equal((await take(reader, pieces)).come, 1);
});

test("whatever bytes come, reading them ends with a code or with the archive's own pages", async () => {
  const pieces = Buffer.concat(await forge({ chunks: [headOf(), end(0)] }));
  const core = { ...writer.core, inboxes: new Map() };
  const { signal } = new AbortController();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(pieces.length - 1), fc.nat(255)), { maxLength: 3 }),
      fc.nat(pieces.length),
      fc.integer({ min: 1, max: 90 }),
      async (changes, cut, step) => {
        const bytes = Uint8Array.from(pieces.subarray(0, cut));
        for (const [at, value] of changes) if (at < cut) bytes[at] = value;
        const chunks = Array.from({ length: Math.ceil(cut / step) }, (_, i) =>
          bytes.subarray(i * step, (i + 1) * step),
        );
        try {
          for await (const { chunk } of readArchive({ bytes: streamed(chunks), lock })) {
            if (chunk.kind === "head") await checkHead({ core, head: chunk.head, signal });
          }
          assert.deepEqual(Buffer.from(bytes), pieces);
        } catch (error) {
          assert.ok(isWeftError(error), String(error));
        }
      },
    ),
    { numRuns: 150 },
  );
});

type Vector = {
  readonly recovery: string;
  readonly passphrase: string;
  readonly chunks: readonly unknown[];
} & {
  readonly archives: Readonly<Record<"recovery" | "passphrase", string>>;
};

test("this version reads what version 1 has written", async () => {
  const text = readFileSync(new URL("../vectors/archive.json", import.meta.url), "utf8");
  const vector = JSON.parse(text) as Vector;
  const locks: HistoryLock[] = [
    { kind: "recovery", text: vector.recovery },
    { kind: "passphrase", passphrase: vector.passphrase },
  ];
  for (const own of locks) {
    const bytes = Buffer.from(vector.archives[own.kind], "base64");
    const read = await allOf(readArchive({ bytes: streamed([bytes]), lock: own }));
    const chunks = read.map(({ chunk }) => plain(chunk));
    assert.deepEqual(chunks, vector.chunks);
  }
});

/** As JSON has it. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, one: unknown) =>
      one instanceof Uint8Array ? `0x${Buffer.from(one).toString("hex")}` : one,
    ),
  );
