import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { test } from "node:test";
import fc from "fast-check";

const noble = new URL("../../src/crypto/nobleBackend.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) => next(specifier === "#crypto" ? noble : specifier, context),
});

test("random histories: all members agree after every step (@noble)", async () => {
  const crypto = await import("#crypto");
  assert.equal(crypto.sha256, (await import(noble)).sha256, "the hook has taken effect");
  const { histories, runHistory } = await import("./support/runHistory.ts");
  const seed = Date.now() % 2 ** 31;
  console.log(`seed ${seed}`);
  fc.assert(fc.property(histories(12), runHistory), { seed, numRuns: 3 });
});
