import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { isWeftError } from "../../src/errors.ts";
import { exportDatabase } from "../../src/store/backup/exportDatabase.ts";
import { importDatabase } from "../../src/store/backup/importDatabase.ts";
import { readBackup } from "../../src/store/backup/readBackup.ts";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { logHeads } from "../../src/store/node/logStore.ts";
import { hasSigned, mayGoOnIn, noteClosed, noteOpened } from "../../src/store/node/ownGeneration.ts";
import { hasEnvelopes } from "../../src/store/node/receiptsOf.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import { asAddress } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";

const originator = testOriginator("a");
const { node } = originator.log;
const signal = new AbortController().signal;
const envelopes = ["one", "two", "three"].map((text) => testEnvelope({ topic: 1, text }));

/** A backup with some batches in it, and what comes while it is being written. */
async function makeBackup() {
  await using opened = await openTestStore();
  const { store } = opened;
  for (const envelope of envelopes) await appendPeerBatch({ store, batch: originator.next([envelope]) });
  const heads = logHeads(store);
  const chunks: Uint8Array[] = [];
  const late = testEnvelope({ topic: 1, text: "late" });
  for await (const chunk of exportDatabase({ database: store.database, node, now: 7 })) {
    if (chunks.length === 0) await appendPeerBatch({ store, batch: originator.next([late]) });
    chunks.push(chunk);
  }
  return { bytes: Buffer.concat(chunks), id: store.database.id, heads, late };
}

const backup = await makeBackup();

async function* inPieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function verdict(bytes: Uint8Array): Promise<string> {
  try {
    for await (const part of readBackup(inPieces(bytes))) if (part.kind === "end") return "whole";
    return "no end";
  } catch (error) {
    return isWeftError(error) ? error.code : String(error);
  }
}

async function imported(params: { bytes: Uint8Array; network?: Network }) {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "database");
  const { bytes, network = testNetwork } = params;
  return await importDatabase({ bytes: inPieces(bytes, 3), path, network, signal });
}

test("an import is the database as it was when its backup began, under another id", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "database");
  const { header } = await importDatabase({
    bytes: inPieces(backup.bytes),
    path,
    network: testNetwork,
    signal,
  });
  assert.deepEqual([header.node, header.writtenAt], [node, 7]);
  await using opened = await openTestStore(path);
  const { store } = opened;
  assert.deepEqual(logHeads(store), backup.heads);
  const hashes = [...envelopes, backup.late].map(envelopeHash);
  assert.deepEqual(await hasEnvelopes({ store, hashes }), [true, true, true, false]);
  assert.notDeepEqual(store.database.id, backup.id, "cursors of the old database are void");
});

test("of a node's own log nothing is gone on with after an import, but the generation opened for it", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "database");
  await importDatabase({ bytes: inPieces(backup.bytes), path, network: testNetwork, signal });
  const place = "here";
  const may = async (): Promise<boolean[]> => {
    await using opened = await openTestStore(path);
    const { database } = opened.store;
    return await Promise.all([1, 2, 3].map((generation) => mayGoOnIn({ database, generation, place })));
  };
  assert.deepEqual(await may(), [false, false, false]);
  {
    await using opened = await openTestStore(path);
    const { database } = opened.store;
    assert.ok(await hasSigned(database), "the other node has");
    await noteOpened({ database, generation: 2, place });
  }
  assert.deepEqual(await may(), [false, false, false], "it was killed");
  {
    await using opened = await openTestStore(path);
    await noteClosed({ database: opened.store.database, generation: 2, place });
  }
  assert.deepEqual(await may(), [false, true, false], "also after a restart, and where a reorg took it");
  await using opened = await openTestStore(path);
  const { database } = opened.store;
  assert.equal(await mayGoOnIn({ database, generation: 2, place: "elsewhere" }), false, "a copy");
  await using fresh = await openTestStore();
  assert.equal(await hasSigned(fresh.store.database), false);
  assert.equal(await mayGoOnIn({ database: fresh.store.database, generation: 1, place }), false);
});

test("a backup that is cut off anywhere, or in which a bit is another, is refused by code", async () => {
  const { bytes } = backup;
  assert.equal(await verdict(bytes), "whole");
  for (let length = 0; length < bytes.length; length += length < 600 ? 1 : 97) {
    assert.equal(await verdict(bytes.subarray(0, length)), "bad-backup", `cut off at ${length}`);
  }
  assert.equal(await verdict(bytes.subarray(0, -1)), "bad-backup");
  assert.equal(await verdict(Buffer.concat([bytes, Uint8Array.of(0)])), "bad-backup");
  for (let at = 0; at < bytes.length; at += 31) {
    const damaged = Uint8Array.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    assert.equal(await verdict(damaged), "bad-backup", `a bit at ${at}`);
  }
});

test("another network, another schema and what is no backup are told apart", async () => {
  const elsewhere = { ...testNetwork, commitLog: asAddress(`0x${"77".repeat(20)}`) };
  await assert.rejects(imported({ bytes: backup.bytes, network: elsewhere }), (error: unknown) => {
    assert(isWeftError(error, "wrong-network"));
    assert.match(error.message, /commitLog/);
    return true;
  });
  const text = backup.bytes.toString("latin1").replace(/"schema":\d/, '"schema":9');
  await assert.rejects(imported({ bytes: Buffer.from(text, "latin1") }), /schema version is 9/);
  await assert.rejects(imported({ bytes: Buffer.from("{}\n".repeat(100)) }), /no backup of a node/);
});
