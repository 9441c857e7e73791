import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { randomBytes } from "#crypto";
import { isWeftError } from "../../src/errors.ts";
import type { MessageRecord } from "../../src/reconciler/records/timelineRecord.ts";
import { composeMessage } from "../../src/reconciler/timeline/composeMessage.ts";
import { readOpened } from "../../src/reconciler/timeline/readOpened.ts";
import {
  type ApplicationMessage,
  type MessageBody,
  type MessageContent,
  messageIdOf,
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
import { MAX_DEPTH, MAX_TEXT_BYTES } from "../../src/wire/limits.ts";

const id32 = <T extends Id>() =>
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => asId<T>(bytes));
const body: fc.Arbitrary<MessageBody> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 30 }).map((text) => ({ kind: "text" as const, text })),
  id32<MessageId>().map((message) => ({ kind: "delete-own" as const, message })),
);
const contents: fc.Arbitrary<MessageContent> = fc.record(
  {
    group: id32<GroupId>(),
    inbox: id32<InboxId>(),
    installation: id32<InstallationKey>(),
    nonce: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toHex),
    depth: fc.integer({ min: 1, max: MAX_DEPTH }),
    parents: fc.array(id32<MessageId>(), { maxLength: 2 }),
    sentAtMs: fc.nat(Number.MAX_SAFE_INTEGER),
    body,
  },
  { noNullPrototype: true },
);
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
  body: { kind: "text", text: "hello" },
};
const withText = (text: string): MessageContent => ({ ...sample, body: { kind: "text", text } });

test("a message reads back as it was written, under the id of its content", () => {
  fc.assert(
    fc.property(messages, (message) => {
      const reading = readApplicationMessage(writeApplicationMessage(message));
      assert.deepEqual(reading, { kind: "message", id: messageIdOf(message.content), ...message });
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

test("limits hold for writers and readers", () => {
  const longest = withText("x".repeat(MAX_TEXT_BYTES));
  assert.equal(
    readApplicationMessage(writeApplicationMessage({ content: longest, replaces: [] })).kind,
    "message",
  );
  const broken: [MessageContent, EnvelopeHash[], "malformed" | "too-large"][] = [
    [withText("x".repeat(MAX_TEXT_BYTES + 1)), [], "too-large"],
    [withText("x".repeat(MAX_TEXT_BYTES + 4096)), [], "too-large"],
    [withText("\udc00"), [], "malformed"],
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
  const one = writeApplicationMessage({ content: { ...sample, parents: [same(7)] }, replaces: [] });
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
  assert.equal(readOpened({ plaintext, group, sender }).kind, "message");
  const refusals = [
    [{ group: same<GroupId>(9), sender }, "wrong-group"],
    [{ group, sender: { ...sender, inbox: same<InboxId>(9) } }, "wrong-author"],
    [{ group, sender: { ...sender, installation: same<InstallationKey>(9) } }, "wrong-author"],
  ] as const;
  for (const [params, reason] of refusals) {
    assert.deepEqual(readOpened({ plaintext, ...params }), { kind: "refused", reason });
  }
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
      body: sample.body,
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
