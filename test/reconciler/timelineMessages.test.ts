import assert from "node:assert/strict";
import { test } from "node:test";
import { toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { randomBytes } from "#crypto";
import { isWeftError } from "../../src/errors.ts";
import { MessageContentSchema } from "../../src/gen/weft/v1/message_pb.ts";
import type { MessageRecord } from "../../src/reconciler/records/timelineRecord.ts";
import type { MessageBody } from "../../src/reconciler/timeline/composeMessage.ts";
import { composeMessage } from "../../src/reconciler/timeline/composeMessage.ts";
import { readOpened } from "../../src/reconciler/timeline/readOpened.ts";
import {
  type ApplicationMessage,
  readApplicationMessage,
  writeApplicationMessage,
} from "../../src/wire/applicationMessage.ts";
import {
  asId,
  type EntryId,
  type EnvelopeHash,
  type GroupId,
  type Id,
  type InboxId,
  type InstallationKey,
  type MessageId,
  toHex,
} from "../../src/wire/ids.ts";
import {
  MAX_CONTENT_BYTES,
  MAX_DEPTH,
  MAX_TEXT_BYTES,
  PARTS_VERSION,
  PROTOCOL_VERSION,
} from "../../src/wire/limits.ts";
import { contentMessage, type MessageContent, messageIdOf } from "../../src/wire/messageContent.ts";
import { writeNumbered } from "../../src/wire/numbered.ts";
import type { External, Part } from "../../src/wire/part.ts";
import type { Relation } from "../../src/wire/relation.ts";
import { deletes, says } from "../support/contents.ts";
import { asJson } from "../support/vectors/vectorFile.ts";

const id32 = <T extends Id>() =>
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => asId<T>(bytes));
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const some = <T extends object>(value: fc.Arbitrary<T>): fc.Arbitrary<Partial<T>> =>
  fc.oneof(fc.constant({}), value);
const extras = some(
  fc.record(
    { extra: bytes(8).map((value) => writeNumbered([{ number: 3, value }])) },
    { noNullPrototype: true },
  ),
);
const strings = (name: "fallback" | "name", maxLength: number) =>
  some(fc.string({ unit: "grapheme", minLength: 1, maxLength }).map((text) => ({ [name]: text })));
const external = fc.record({
  urls: fc.array(fc.webUrl(), { minLength: 1, maxLength: 4 }),
  key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  nonce: fc.uint8Array({ minLength: 12, maxLength: 12 }),
  hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  size: fc.nat(),
});
const places = fc.oneof(
  bytes(40).map((data) => ({ data })),
  external.map((one) => ({ external: one })),
  fc.constant({}),
);
const parts: fc.Arbitrary<Part> = fc
  .tuple(
    fc.constantFrom("", "image/png", "text/plain; charset=utf-8"),
    places,
    strings("fallback", 9),
    strings("name", 9),
    extras,
  )
  .map(([type, ...more]) => Object.assign({ type }, ...more) as Part);
const relations: fc.Arbitrary<Relation> = fc
  .tuple(
    fc.record({ kind: fc.integer({ min: 1, max: 255 }), revision: fc.nat() }, { noNullPrototype: true }),
    some(id32<MessageId>().map((target) => ({ target }))),
    some(fc.uint8Array({ minLength: 1, maxLength: 64 }).map((key) => ({ key: toHex(key) }))),
    extras,
  )
  .map((all) => Object.assign({}, ...all) as Relation);
const bodies: fc.Arbitrary<MessageBody> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 30 }).map((text) => ({ ...says(text), version: 1 as const })),
  id32<MessageId>().map((message) => ({ ...deletes(message), version: 1 as const })),
  fc
    .tuple(some(relations.map((relation) => ({ relation }))), fc.array(parts, { maxLength: 16 }), extras)
    .map(([relation, of, extra]) => ({ ...relation, parts: of, ...extra })),
);
const heads = fc.record(
  {
    group: id32<GroupId>(),
    inbox: id32<InboxId>(),
    installation: id32<InstallationKey>(),
    nonce: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toHex),
    depth: fc.integer({ min: 1, max: MAX_DEPTH }),
    parents: fc.array(id32<MessageId>(), { maxLength: 2 }),
    sentAtMs: fc.nat(Number.MAX_SAFE_INTEGER),
  },
  { noNullPrototype: true },
);
const contents: fc.Arbitrary<MessageContent> = fc
  .tuple(heads, bodies)
  .map(([head, body]) => ({ ...head, ...body }));
const messages: fc.Arbitrary<ApplicationMessage> = fc.record(
  {
    content: contents,
    replaces: fc.array(id32<EnvelopeHash>(), { maxLength: 16 }),
  },
  { noNullPrototype: true },
);
const same = <T extends Id>(fill: number) => asId<T>(new Uint8Array(32).fill(fill));
const sample: MessageContent = {
  group: same(1),
  inbox: same(2),
  installation: same(3),
  nonce: toHex(new Uint8Array(16)),
  depth: 1,
  parents: [],
  sentAtMs: 0,
  ...says("hello"),
};
const withText = (text: string): MessageContent => ({ ...sample, ...says(text) });
const asVersion1 = (text: string): MessageContent => ({ ...withText(text), version: 1 });

test("a message reads back as it was written, under the id of its content", () => {
  fc.assert(
    fc.property(messages, (message) => {
      const reading = readApplicationMessage(writeApplicationMessage(message));
      const expected = { kind: "message", id: messageIdOf(message.content), ...message };
      assert.deepEqual(asJson(reading), asJson(expected));
    }),
  );
});

test("sealing again with other replaces keeps the id; any other content has another", () => {
  fc.assert(
    fc.property(contents, contents, (a, b) => {
      assert.equal(messageIdOf(a) === messageIdOf(b), JSON.stringify(a) === JSON.stringify(b));
      const again = readApplicationMessage(writeApplicationMessage({ content: a, replaces: [same(9)] }));
      assert.equal(again.kind === "message" && again.id, messageIdOf(a));
    }),
  );
});

test("no two encodings give one message, and nothing makes the reader throw", () => {
  fc.assert(
    fc.property(messages, fc.nat(), fc.nat(255), (message, at, value) => {
      const bytes = writeApplicationMessage(message);
      const mutated = Uint8Array.from(bytes);
      mutated[at % bytes.length] = value;
      const variants = [mutated, bytes.subarray(0, at % bytes.length), Uint8Array.of(...bytes, value)];
      for (const variant of variants) {
        const reading = readApplicationMessage(variant);
        if (reading.kind === "message") assert.deepEqual(writeApplicationMessage(reading), variant);
      }
    }),
    { numRuns: 300 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 90 }), (bytes) => void readApplicationMessage(bytes)));
});

const writeContent = (content: MessageContent) => toBinary(MessageContentSchema, contentMessage(content));
const target = same<MessageId>(8);
const place: External = {
  ...{ urls: ["https://example.org/1"], key: new Uint8Array(32), nonce: new Uint8Array(12) },
  ...{ hash: new Uint8Array(32), size: 9 },
};
const part = (more: Partial<Part>): MessageBody => ({ parts: [{ type: "", ...more }] });
const relation = (more: Partial<Relation>): MessageBody => ({
  relation: { kind: 1, target, revision: 1, ...more },
  parts: [],
});
/** What every version refuses, whatever the kind. */
const brokenBodies: readonly MessageBody[] = [
  relation({ kind: 0 }),
  relation({ kind: 256 }),
  relation({ target: "0x01" as MessageId }),
  relation({ key: `0x${"00".repeat(65)}` }),
  relation({ extra: Uint8Array.of(1) }),
  { parts: Array.from({ length: 17 }, () => ({ type: "" })) },
  { parts: [], extra: Uint8Array.of(1) },
  part({ type: "Image/png" }),
  part({ type: "image/ü" }),
  part({ type: "a".repeat(129) }),
  part({ fallback: "x".repeat(1025) }),
  part({ name: "x".repeat(257) }),
  part({ name: "\udc00" }),
  part({ extra: Uint8Array.of(1) }),
  part({ external: { ...place, urls: [] } }),
  part({ external: { ...place, urls: Array.from({ length: 5 }, () => "https://example.org") } }),
  part({ external: { ...place, urls: [`https://example.org/${"x".repeat(2048)}`] } }),
  part({ external: { ...place, key: new Uint8Array(31) } }),
  part({ external: { ...place, nonce: new Uint8Array(24) } }),
  part({ external: { ...place, hash: new Uint8Array(33) } }),
];

test("limits hold for writers and readers", () => {
  const room = MAX_CONTENT_BYTES - writeContent(withText("x".repeat(MAX_TEXT_BYTES))).length;
  const longest = withText("x".repeat(MAX_TEXT_BYTES + room));
  const full = Array.from({ length: 16 }, (_, i) => same<EnvelopeHash>(i));
  for (const content of [longest, asVersion1("x".repeat(MAX_TEXT_BYTES))]) {
    const reading = readApplicationMessage(writeApplicationMessage({ content, replaces: full }));
    assert.equal(reading.kind, "message");
  }
  const broken: [MessageContent, EnvelopeHash[], "malformed" | "too-large"][] = [
    [asVersion1("x".repeat(MAX_TEXT_BYTES + 1)), [], "too-large"],
    [withText("x".repeat(MAX_TEXT_BYTES + room + 1)), [], "too-large"],
    [withText("x".repeat(MAX_TEXT_BYTES + 8192)), [], "too-large"],
    ...brokenBodies.map(
      (body) => [{ ...sample, ...body }, [], "malformed"] as [MessageContent, [], "malformed"],
    ),
    [{ ...sample, depth: 0 }, [], "malformed"],
    [{ ...sample, depth: MAX_DEPTH + 1 }, [], "malformed"],
    [{ ...sample, parents: [same(1), same(2), same(3)] }, [], "malformed"],
    [{ ...sample, nonce: "0x00" }, [], "malformed"],
    [sample, Array.from({ length: 17 }, (_, i) => same<EnvelopeHash>(i)), "malformed"],
  ];
  for (const [content, replaces, code] of broken) {
    assert.throws(
      () => writeApplicationMessage({ content, replaces }),
      (error) => isWeftError(error, code),
    );
  }
});

test("thousands of parents are refused by name", () => {
  const old = { ...asVersion1("hello"), parents: [same<MessageId>(7)] };
  const one = writeApplicationMessage({ content: old, replaces: [] });
  const parent = Uint8Array.of(0x32, 32, ...new Uint8Array(32).fill(7));
  const many = Array.from({ length: 1500 }, () => [...parent]).flat();
  const text = Uint8Array.of(0x42, 5, 104, 101, 108, 108, 111);
  const head = one.subarray(3, one.length - text.length - parent.length);
  const content = Uint8Array.of(...head, ...many, ...text);
  const length = Uint8Array.of(
    0x80 | (content.length & 0x7f),
    0x80 | ((content.length >> 7) & 0x7f),
    content.length >> 14,
  );
  const bytes = Uint8Array.of(0x0a, ...length, ...content);
  assert.deepEqual(readApplicationMessage(bytes), { kind: "refused", reason: "too-many-parents" });
});

test("a plaintext speaks for its sender and its group only", () => {
  const plaintext = writeApplicationMessage({ content: sample, replaces: [] });
  const sender = { inbox: sample.inbox, installation: sample.installation };
  const { group } = sample;
  const version = PROTOCOL_VERSION;
  assert.equal(readOpened({ plaintext, group, sender, version }).kind, "message");
  const refusals = [
    [{ group: same<GroupId>(9), sender }, "wrong-group"],
    [{ group, sender: { ...sender, inbox: same<InboxId>(9) } }, "wrong-author"],
    [{ group, sender: { ...sender, installation: same<InstallationKey>(9) } }, "wrong-author"],
  ] as const;
  for (const [params, reason] of refusals) {
    assert.deepEqual(readOpened({ plaintext, version, ...params }), { kind: "refused", reason });
  }
});

test("a group of version 1 takes what its members can read; one that was raised takes what was written before", () => {
  const read = (content: MessageContent, version: number) =>
    readOpened({
      ...{ plaintext: writeApplicationMessage({ content, replaces: [] }), version },
      ...{ group: sample.group, sender: sample },
    });
  const old = asVersion1("hello");
  assert.equal(read(old, 1).kind, "message");
  assert.equal(read(old, PARTS_VERSION).kind, "message");
  assert.deepEqual(read(sample, 1), { kind: "refused", reason: "malformed" });
  assert.notEqual(messageIdOf(old), messageIdOf(sample), "they are other bytes");
});

test("a new message stands behind all that its author sees", () => {
  const seen = (depth: number, epoch: number, fill: number): MessageRecord => ({
    kind: "message",
    id: same(fill),
    content: { ...sample, depth },
    openings: [{ epoch, entry: same<EntryId>(epoch), envelope: same(fill), verdict: "counts" }],
    deleted: false,
  });
  const author = { inbox: sample.inbox, installation: sample.installation };
  const compose = (latest: MessageRecord[], epoch: number) =>
    composeMessage({
      group: sample.group,
      author,
      epoch,
      latest,
      body: says("hello"),
      sentAtMs: 5,
      drawBytes: randomBytes,
    });
  const first = compose([], 3);
  assert.deepEqual([first.depth, first.parents], [1, []]);
  const next = compose([seen(4, 3, 10), seen(7, 3, 11), seen(8, 3, 12)], 3);
  assert.deepEqual([next.depth, next.parents], [9, [same(11), same(12)]]);
  const fresh = compose([seen(7, 3, 11), seen(MAX_DEPTH, 3, 12)], 4);
  assert.deepEqual([fresh.depth, fresh.parents], [1, [same(11), same(12)]]);
  assert.equal(compose([seen(MAX_DEPTH, 3, 12)], 3).depth, MAX_DEPTH);
  assert.notEqual(compose([], 3).nonce, first.nonce);
  writeApplicationMessage({ content: next, replaces: [] });
});
