import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes, sha256 } from "#crypto";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { openPuzzleSearch } from "../../src/crypto/puzzleSearch.ts";
import { solvePuzzles } from "../../src/crypto/solvePuzzles.ts";
import { hourOf, isBearable, isGoodTicket, puzzlesOf } from "../../src/wire/relayTicket.ts";
import { testId } from "../support/testIntent.ts";

const HOUR_MS = 3_600_000;
const place = { node: testId<never>(1), subject: testId<never>(2) };
const demand = { hour: 497_000, puzzles: 4, bits: 8 };

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

test("a search's own SHA-256 is SHA-256, whatever the prefix, and it finds the lowest nonces", () => {
  for (const length of [0, 1, 30, 47, 64, 82, 100, 111]) {
    const prefix = randomBytes(length);
    const { nonces, solved } = openPuzzleSearch({ prefix, count: 3, bits: 6 })(100_000);
    assert.equal(solved, 3);
    const view = new DataView((nonces ?? assert.fail()).buffer);
    for (let i = 0; i < 3; i++) {
      const isSolved = (nonce: number) =>
        (sha256(concatBytes(prefix, u32(i), u32(nonce)))[0] ?? 0) >> 2 === 0;
      const nonce = view.getUint32(4 * i);
      assert.ok(isSolved(nonce));
      for (let lower = 0; lower < nonce; lower++) assert.ok(!isSolved(lower));
    }
  }
  assert.throws(() => openPuzzleSearch({ prefix: randomBytes(50), count: 1, bits: 1 }), RangeError);
});

test("a worker solves a ticket, and tells how far it is; it counts for its place, hour and work only", async () => {
  const told: number[] = [];
  const { signal } = new AbortController();
  const puzzles = puzzlesOf({ place, demand });
  const nonces = await solvePuzzles({ puzzles, onProgress: (solved) => told.push(solved), signal });
  assert.equal(told.at(-1), demand.puzzles);
  const ticket = { hour: demand.hour, nonces };
  assert.ok(isGoodTicket({ place, demand, ticket }));
  const others = [
    { place: { ...place, node: place.subject }, demand, ticket },
    { place: { ...place, subject: place.node }, demand, ticket },
    { place, demand: { ...demand, hour: demand.hour + 1 }, ticket },
    { place, demand: { ...demand, hour: demand.hour + 1 }, ticket: { ...ticket, hour: demand.hour + 1 } },
    { place, demand: { ...demand, puzzles: 5 }, ticket },
    { place, demand, ticket: { ...ticket, nonces: nonces.subarray(1) } },
    { place, demand, ticket: { ...ticket, nonces: new Uint8Array() } },
  ];
  for (const other of others) assert.ok(!isGoodTicket(other));
  assert.equal(hourOf(HOUR_MS * demand.hour + 1), demand.hour);
});

test("work ends with its signal, and what no phone could do is not begun", async () => {
  const stop = new AbortController();
  const puzzles = puzzlesOf({ place, demand: { ...demand, bits: 32, puzzles: 1_000 } });
  const working = solvePuzzles({ puzzles, onProgress: () => stop.abort(), signal: stop.signal });
  await assert.rejects(working, { name: "AbortError" });
  assert.ok(isBearable({ hour: 1, puzzles: 16, bits: 12 }));
  for (const [count, bits] of [
    [1, 32],
    [200, 12],
    [2 ** 31, 1],
    [0xffff_ffff, 0xffff_ffff],
  ] as const)
    assert.ok(!isBearable({ hour: 1, puzzles: count, bits }));
});
