import assert from "node:assert/strict";
import { test } from "node:test";
import { type LateSiblings, takeLateSibling } from "../../src/node/lateSiblings.ts";
import { keyOf } from "../../src/store/keys.ts";
import type { ChainIndex } from "../../src/store/node/chainIndex.ts";
import { encodeEntry } from "../../src/store/node/chainIndexCodec.ts";
import { nodeSchema } from "../../src/store/schema.ts";
import { asAddress, type EntryId, fromHex, type GroupId, toHex } from "../../src/wire/ids.ts";
import { VOID_BLOCKS } from "../../src/wire/limits.ts";
import { testId } from "../support/testIntent.ts";

const group = testId<GroupId>(1);
const parent = testId<EntryId>(2);
const child = testId<EntryId>(3);
const BLOCK = 1_000;

/** An index of one entry below the parent, which landed in BLOCK, as far as it is asked. */
function indexAt(number: number): ChainIndex {
  const entry = {
    ...{ group, id: child, parent, index: 0, authority: asAddress(new Uint8Array(20)), logIndex: 0 },
    ...{ payload: new Uint8Array(), block: { number: BLOCK, hash: "0x", time: 0 } as const },
  };
  const rows = new Map([
    [toHex(keyOf(nodeSchema.child, { group, parent, index: 0 })), fromHex(child)],
    [toHex(keyOf(nodeSchema.entry, { group, id: child })), encodeEntry(entry)],
  ]);
  const level = { get: async (key: Uint8Array) => rows.get(toHex(key)) };
  return { state: { head: { number } }, database: { level } } as unknown as ChainIndex;
}

async function takenOf(tries: number, params: { block: number; relayed: LateSiblings; below?: EntryId }) {
  const { block, relayed, below = parent } = params;
  let taken = 0;
  for (let i = 0; i < tries; i++) {
    const append = { group, parent: below };
    const refusal = await takeLateSibling({ index: indexAt(block), relayed, append });
    if (refusal === undefined) taken++;
    else assert.equal(refusal.code, "limit-exceeded");
  }
  return taken;
}

test("below an entry that nothing can be voided any more under, a node pays for a few appends in a period", async () => {
  const relayed: LateSiblings = new Map();
  const late = BLOCK + VOID_BLOCKS + 1;
  assert.equal(
    await takenOf(400, { block: late - 1, relayed }),
    400,
    "while it is open any number, a flood too",
  );
  assert.equal(await takenOf(400, { block: late, relayed }), 32);
  assert.equal(await takenOf(400, { block: late + VOID_BLOCKS, relayed }), 0);
  assert.equal(await takenOf(400, { block: late + VOID_BLOCKS + 1, relayed }), 32, "and in the next as many");
  const other = testId<EntryId>(4);
  assert.equal(await takenOf(400, { block: late, relayed, below: other }), 400, "another head has its own");
});
