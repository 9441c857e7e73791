import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { withWrites } from "../../src/store/withWrites.ts";
import { del, put, type Write, writeAtomic } from "../../src/store/writeAtomic.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { testNetwork } from "../support/testNetwork.ts";

const key = (i: number) => Uint8Array.of(0x70, i);
async function allOf<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

const writes = fc.array(
  fc
    .tuple(fc.nat(12), fc.boolean())
    .map(([i, isPut]): Write => (isPut ? put(key(i), Uint8Array.of(i)) : del(key(i)))),
  { maxLength: 12 },
);
const bounds = fc.oneof(
  fc.record({ gte: fc.nat(12).map(key), lt: fc.nat(13).map(key) }),
  fc.record({ gt: fc.nat(12).map(key), lte: fc.nat(13).map(key) }),
);
const ranges = fc
  .tuple(bounds, fc.record({ reverse: fc.boolean(), limit: fc.constantFrom(-1, 0, 1, 2, 5) }))
  .map(([bound, rest]) => ({ ...bound, ...rest }));

test("reading through a batch gives what is there once it is written", async () => {
  await using directory = await temporaryDirectory();
  await using database = await openDatabase({ path: directory.path, kind: "client", network: testNetwork });
  await fc.assert(
    fc.asyncProperty(writes, writes, writes, ranges, async (before, first, second, range) => {
      await database.level.clear({ gte: key(0), lt: key(20) });
      await writeAtomic({ database, writes: before, sync: false });
      const later = withWrites(database);
      later.add(first);
      later.add(second);
      const read = async ({ level }: typeof database) => ({
        rows: await allOf(level.iterator(range)),
        values: await Promise.all([0, 5, 9].map((i) => level.get(key(i)))),
      });
      const expected = await read(later.database);
      assert.deepEqual(await read(database), await read(withWrites(database).database), "an empty batch");
      await writeAtomic({ database, writes: [...first, ...second], sync: false });
      assert.deepEqual(await read(database), expected);
    }),
    { numRuns: 200 },
  );
});
