import assert from "node:assert/strict";
import { test } from "node:test";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { WeftError } from "../../src/errors.ts";
import { ReadWordsRequestSchema, SubscribeRequestSchema } from "../../src/gen/weft/v1/node_pb.ts";
import { catchFault } from "../../src/wire/catchFault.ts";
import { scanFields } from "../../src/wire/scanFields.ts";

const MAX_FIELDS = 1_000;

function subscribe(request: MessageInitShape<typeof SubscribeRequestSchema>): Uint8Array {
  return toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema, request));
}

function scan(bytes: Uint8Array, maxItems: (name: string) => number = () => MAX_FIELDS): number {
  const schema = SubscribeRequestSchema;
  return scanFields({ schema, bytes, maxFields: MAX_FIELDS, maxItems: ({ name }) => maxItems(name) });
}

test("fields are counted in all messages that are inside, and items of packed lists one by one", () => {
  const cursor = { database: new Uint8Array(16), offset: 7n };
  const topics = [{ topic: new Uint8Array(33), cursor }, { vector: [{ next: 3n }, {}] }];
  // Two topics; of the first, its name and a cursor with two fields; of the second, two logs, one with a field.
  assert.equal(scan(subscribe({ topics })), 2 + 2 + 2 + 2 + 1);
  const words = create(ReadWordsRequestSchema, { blocks: [1n, 2n ** 40n, 3n] });
  const bytes = toBinary(ReadWordsRequestSchema, words);
  assert.equal(scanFields({ schema: ReadWordsRequestSchema, bytes, maxFields: 3 }), 3);
  assert.throws(() => scanFields({ schema: ReadWordsRequestSchema, bytes, maxFields: 2 }), {
    code: "too-large",
  });
});

test("each list has its bound, wherever it stands and however it is cut", () => {
  const vector = Array.from({ length: 5 }, () => ({}));
  const bound = (name: string): number => (name === "vector" ? 4 : 2);
  assert.throws(() => scan(subscribe({ topics: [{ vector }] }), bound), {
    code: "too-large",
    message: /vector/,
  });
  const short = { vector: vector.slice(1) };
  assert.equal(scan(subscribe({ topics: [short, short] }), bound), 10);
  assert.throws(() => scan(subscribe({ topics: [{}, {}, {}] }), bound), {
    code: "too-large",
    message: /topics/,
  });
  const words = toBinary(ReadWordsRequestSchema, create(ReadWordsRequestSchema, { blocks: [1n, 2n] }));
  const twice = Buffer.concat([words, words]);
  const schema = ReadWordsRequestSchema;
  const params = { schema, bytes: twice, maxFields: MAX_FIELDS, maxItems: () => 3 };
  assert.throws(() => scanFields(params), { code: "too-large" });
});

test("what a decoder might read in another way is malformed", () => {
  const bad = {
    "a message as a number": [0x08, 0x01],
    "a group": [0x0b, 0x0c],
    "a group that is unknown": [0x7b, 0x7c],
    "a length beyond the end": [0x0a, 0x05, 0x00],
    "a length beyond its message": [0x0a, 0x02, 0x0a, 0x04, 0, 0, 0, 0],
    "a number without end": [0x78, ...new Array<number>(11).fill(0xff)],
    "field 0": [0x02, 0x00],
  };
  for (const [what, bytes] of Object.entries(bad)) {
    assert.throws(() => scan(Uint8Array.from(bytes)), { code: "malformed" }, what);
  }
});

test("whatever is scanned and decodes has no more items than were counted", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .array(fc.constantFrom(0x0a, 0x12, 0x1a, 0, 1, 2, 3, 0x80, 0x22), { maxLength: 60 })
      .map((a) => Uint8Array.from(a)),
  );
  fc.assert(
    fc.property(bytes, (input) => {
      const counted = catchFault(() => scan(input));
      if (counted instanceof WeftError) return;
      try {
        const { topics } = fromBinary(SubscribeRequestSchema, input);
        const logs = topics.reduce((sum, { vector }) => sum + vector.length, 0);
        assert.ok(topics.length + logs <= counted);
      } catch (error) {
        assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});
