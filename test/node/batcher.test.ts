import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isWeftError } from "../../src/errors.ts";
import { type Anchor, openBatcher } from "../../src/node/batcher.ts";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { logStateOf } from "../../src/store/node/logStore.ts";
import { hasEnvelopes } from "../../src/store/node/receiptsOf.ts";
import type { Batch } from "../../src/wire/batch.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import { type EnvelopeHash, toHex } from "../../src/wire/ids.ts";
import { MAX_CLOCK_SKEW_MS } from "../../src/wire/limits.ts";
import { verifyReceipt } from "../../src/wire/receipt.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { type TestOriginator, testEnvelope, testOriginator } from "../support/testOriginator.ts";
import { until } from "../support/until.ts";

const envelope = (text: string) => testEnvelope({ topic: 1, text });
const blockHash = (number: number) => toHex(new Uint8Array(32).fill(number));

async function openTestBatcher(params: {
  store: Awaited<ReturnType<typeof openTestStore>>["store"];
  originator: TestOriginator;
  anchor?: () => Anchor;
  nowMs?: () => number;
}) {
  const { store, originator, nowMs = Date.now, anchor = () => ({ number: 1, hash: blockHash(1) }) } = params;
  const batches: Batch[] = [];
  const { log, signingKey } = originator;
  const onBatch = (batch: Batch) => batches.push(batch);
  const batcher = await openBatcher({ store, network: testNetwork, log, signingKey, anchor, nowMs, onBatch });
  return { batcher, batches };
}

test("the first envelope goes at once, what comes together shares batches, each gets its receipt", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const originator = testOriginator("own");
  const { batcher, batches } = await openTestBatcher({ store, originator });
  const envelopes = Array.from({ length: 300 }, (_, i) => envelope(`${i}`.padEnd(1000)));
  const receipts = await Promise.all(envelopes.map(batcher.append));
  for (const [i, receipt] of receipts.entries()) {
    const hash = envelopeHash(envelopes[i] ?? envelope(""));
    assert.ok(verifyReceipt({ receipt, hash, signingKey: originator.signingPublicKey }));
  }
  assert.equal(batches[0]?.header.count, 64, "a full batch does not wait");
  assert.ok(batches.length <= 6, `${batches.length} batches`);
  const again = await Promise.all([batcher.append(envelope("x")), batcher.append(envelope("x"))]);
  assert.deepEqual(again[0], again[1], "the same envelope twice is one");
  await batcher[Symbol.asyncDispose]();
  await assert.rejects(batcher.append(envelope("late")), (error: unknown) => isWeftError(error, "closed"));
});

test("the anchor and the time never go back, also over a restart; headers are chained", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const originator = testOriginator("own");
  let number = 5;
  const anchor = () => ({ number, hash: blockHash(number) });
  const batches: Batch[] = [];
  for (const height of [5, 9, 7, 8, 10]) {
    number = height;
    const run = await openTestBatcher({ store, originator, anchor });
    await run.batcher.append(envelope(`${height}`));
    await run.batcher[Symbol.asyncDispose]();
    batches.push(...run.batches);
  }
  assert.deepEqual(
    batches.map(({ header }) => [header.anchorBlock, header.anchorHash]),
    [5, 9, 9, 9, 10].map((block) => [block, blockHash(block)]),
  );
  const times = batches.map(({ header }) => header.timeMs);
  assert.deepEqual(times, [...times].sort());
  assert.equal(logStateOf(store.state, originator.log).next, 5n);
});

test("too much at once is a limit; a log with a gap is not ready", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const originator = testOriginator("own");
  const { batcher } = await openTestBatcher({ store, originator });
  const flood = Array.from({ length: 9000 }, (_, i) => batcher.append(envelope(`${i}`)));
  const outcomes = await Promise.allSettled(flood);
  const refused = outcomes.filter(({ status }) => status === "rejected");
  assert.ok(refused.length > 0 && refused.length < 1000, `${refused.length} refused`);
  for (const outcome of refused)
    assert.ok(outcome.status === "rejected" && isWeftError(outcome.reason, "limit-exceeded"));
  await batcher[Symbol.asyncDispose]();

  const gap = testOriginator("gap");
  gap.next([envelope("lost")]);
  await appendPeerBatch({ store, batch: gap.next([envelope("1")]) });
  await assert.rejects(openTestBatcher({ store, originator: gap }), (error: unknown) =>
    isWeftError(error, "not-ready"),
  );
});

test("a write that fails once is repeated with the same bytes", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const originator = testOriginator("own");
  const { batcher, batches } = await openTestBatcher({ store, originator });
  await batcher.append(envelope("0"));
  await store.database.level.close();
  await batcher.append(envelope("1"));
  await batcher.append(envelope("2"));
  assert.deepEqual(
    batches.map(({ header }) => header.firstSequence),
    [0n, 1n, 2n],
  );
  assert.equal(logStateOf(store.state, originator.log).next, 3n);
});

test("killed at any moment: nothing acknowledged is lost, no sequence is signed twice", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "database");
  const report = join(directory.path, "report");
  const { log, signingKey } = testOriginator("own");
  const script = join(import.meta.dirname, "batcherProcess.ts");
  const lines = async () => (await readFile(report, "utf8").catch(() => "")).split("\n").slice(0, -1);
  for (const run of ["first", "second", "third"]) {
    const before = (await lines()).length;
    const child = spawn(process.execPath, [script, path, report, log.node, toHex(signingKey), run], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    const exit = once(child, "exit");
    await until("the process acknowledges", async () => (await lines()).length > before + 300);
    child.kill("SIGKILL");
    assert.deepEqual(await exit, [null, "SIGKILL"]);
  }
  const said = (await lines()).map((line) => JSON.parse(line) as Record<string, string>);
  const hashes = said.flatMap(({ acknowledged }) => acknowledged ?? []) as EnvelopeHash[];
  await using opened = await openTestStore(path);
  const stored = await hasEnvelopes({ store: opened.store, hashes });
  assert.ok(hashes.length > 500 && stored.every(Boolean));

  const signed = new Map<bigint, string>();
  for (const { first, count, header } of said) {
    if (first === undefined || header === undefined) continue;
    for (let i = 0n; i < BigInt(count ?? 0); i++) {
      assert.equal(signed.get(BigInt(first) + i) ?? header, header, `${first} was signed twice`);
      signed.set(BigInt(first) + i, header);
    }
  }
  const { next } = logStateOf(opened.store.state, log);
  assert.ok([...signed.keys()].every((sequence) => sequence < next));
});

test("batches bear the network's time, and a log that ends in the future is not gone on with", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const originator = testOriginator("own");
  const start = 1_000_000;
  let now = start;
  const open = () => openTestBatcher({ store, originator, nowMs: () => now });
  const first = await open();
  for (const [i, at] of [now, now - 5_000, now + 35_000].entries()) {
    now = at;
    await first.batcher.append(envelope(`${i}`));
  }
  await first.batcher[Symbol.asyncDispose]();
  const times = first.batches.map(({ header }) => header.timeMs);
  assert.deepEqual(times, [start, start, start + 35_000]);
  now = start + 35_000 - MAX_CLOCK_SKEW_MS - 1;
  await assert.rejects(open(), (error: unknown) => isWeftError(error, "not-ready"));
  now += 1;
  const second = await open();
  await second.batcher.append(envelope("3"));
  await second.batcher[Symbol.asyncDispose]();
  const after = second.batches.map(({ header }) => header.timeMs);
  assert.deepEqual(after, [start + 35_000], "what peers forgive is no reason for another generation");
});
