import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { keyOf, parseKey, rangeOf } from "../../src/store/keys.ts";
import { clientSchema, commonSchema, nodeSchema } from "../../src/store/schema.ts";

test("prefixes are unique over all schemas", () => {
  const records = [commonSchema, nodeSchema, clientSchema].flatMap((schema) => Object.values(schema));
  assert.equal(new Set(records.map((record) => record.prefix)).size, records.length);
});

test("keys parse back and sort by their fields", () => {
  const fields = fc.record({
    node: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    generation: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    shard: fc.nat({ max: 2 ** 32 - 1 }),
    offset: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  });
  fc.assert(
    fc.property(fields, fields, (a, b) => {
      const record = nodeSchema.advance;
      const [keyA, keyB] = [keyOf(record, a), keyOf(record, { ...b, node: a.node })];
      assert.deepEqual({ ...parseKey(record, keyA) }, { ...a });
      const order = [
        [a.generation, b.generation],
        [BigInt(a.shard), BigInt(b.shard)],
        [a.offset, b.offset],
      ] as const;
      const expected = order.map(([x, y]) => (x < y ? -1 : x > y ? 1 : 0)).find((sign) => sign !== 0) ?? 0;
      assert.equal(Math.sign(Buffer.compare(keyA, keyB)), expected);
      const range = rangeOf(record, { node: a.node, generation: a.generation });
      assert.ok(Buffer.compare(range.gte, keyA) <= 0 && Buffer.compare(keyA, range.lt) < 0);
    }),
  );
});

test("keys refuse fields of a wrong size", () => {
  assert.throws(() => keyOf(nodeSchema.body, { envelope: new Uint8Array(31) }), /bytes32/);
  assert.throws(() => keyOf(nodeSchema.arrival, { offset: -1 }), /out of range/);
  assert.throws(() => parseKey(nodeSchema.arrival, new Uint8Array(9)), /does not fit/);
  const key = keyOf(nodeSchema.arrival, { offset: 1n });
  assert.throws(() => parseKey(nodeSchema.arrival, key.subarray(0, 8)), /does not fit/);
});
