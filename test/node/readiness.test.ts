import assert from "node:assert/strict";
import { test } from "node:test";
import { WeftError } from "../../src/errors.ts";
import { openReadiness, requireNothing } from "../../src/node/readiness.ts";
import { openChainIndex } from "../../src/store/node/chainIndex.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import { toHex } from "../../src/wire/ids.ts";
import { openTestStore } from "../support/openTestStore.ts";

const LAG_SECONDS = 30;

test("a node is ready once its own log is open and its index is near the newest block that it knows of", async () => {
  await using opened = await openTestStore();
  const index = await openChainIndex({ database: opened.store.database });
  const readiness = openReadiness({ index, maxIndexLagSeconds: LAG_SECONDS });
  const never = AbortSignal.abort(new Error("gave up"));
  await assert.rejects(readiness.whenReady(never), /gave up/);
  assert.match(readiness.indexReason() ?? "", /not read the chain/);

  index.state = { ...index.state, head: block(10, 1000) };
  readiness.tell({ newest: block(90, 1000 + LAG_SECONDS + 1) });
  assert.match(readiness.indexReason() ?? "", /block 10 of 90, 31 s behind/);
  assert.throws(() => requireNothing(readiness.indexReason()), { code: "not-ready" });
  readiness.tell({ newest: block(90, 1000 + LAG_SECONDS) });
  assert.equal(readiness.indexReason(), undefined);

  const ready = readiness.whenReady(new AbortController().signal);
  readiness.tell({ ownLog: "it asks its peers" });
  assert.equal(readiness.reason(), "it asks its peers");
  readiness.tell({ ownLog: undefined });
  await ready;
  readiness.tell({ disk: "the disk is full" });
  assert.equal(readiness.indexReason(), "the disk is full");
  readiness.tell({ disk: undefined });
  assert.equal(readiness.reason(), undefined);
  const ended = new WeftError({ code: "wrong-chain", message: "another chain" });
  readiness.tell({ failure: ended });
  readiness.tell({ failure: new WeftError({ code: "internal", message: "a later one" }) });
  assert.deepEqual(
    [readiness.reason(), readiness.failure(), await readiness.failed],
    [ended.message, ended, ended],
  );
});

function block(number: number, time: number): BlockRef {
  return { number, hash: toHex(new Uint8Array(32).fill(number)), time };
}
