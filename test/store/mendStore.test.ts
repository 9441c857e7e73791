import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { WeftError } from "../../src/errors.ts";
import { openChainIndex } from "../../src/store/node/chainIndex.ts";
import { mendStore } from "../../src/store/node/mendStore.ts";
import { settleWrites } from "../../src/store/node/writer.ts";
import { openDatabase, reopenDatabase } from "../../src/store/openDatabase.ts";
import { storageFault } from "../../src/store/storageFault.ts";
import { put, writeAtomic } from "../../src/store/writeAtomic.ts";
import { failDisk } from "../support/failDisk.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { until } from "../support/until.ts";

const key = Uint8Array.of(200, 1);

test("a full disk is told to all who read and write, and all go on when it has room", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { database } = store;
  const index = await openChainIndex({ database });
  const head = { number: 7, hash: testNetwork.genesisHash, time: 0 };
  const told: (string | undefined)[] = [];
  store.faultListeners.add((fault) => told.push(fault?.code));
  {
    using _ = failDisk(database);
    const failed = await writeAtomic({ database, writes: [put(key, key)], sync: true }).catch(
      (e: WeftError) => e,
    );
    assert.ok(failed);
    assert.deepEqual(
      [failed.code, failed.hint],
      ["disk-full", "Make room on the disk: it goes on by itself then."],
    );
    void mendStore({ store, fault: failed });
    await until("it is closed", () => database.level.status === "closed");
    await store.writer.attempt;
    const full = { code: "disk-full" };
    await assert.rejects(settleWrites(store), full);
    await assert.rejects(Promise.resolve(database.level.get(key)), full);
    await assert.rejects(async () => database.level.iterator().all(), full);
    index.state = { ...index.state, head };
  }
  await store.writer.mending;
  await settleWrites(store);
  assert.equal(index.state.head, undefined, "memory follows the disk");
  assert.deepEqual([told[0], told.at(-1)], ["disk-full", undefined]);
});

test("a database that another one has taken the place of, or nothing, is never gone on with", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "database");
  await using database = await openDatabase({ path, kind: "node", network: testNetwork });
  await rm(path, { recursive: true });
  await assert.rejects(reopenDatabase(database), { code: "damaged-database" });
  await using _ = await openDatabase({ path, kind: "node", network: testNetwork });
  await assert.rejects(reopenDatabase(database), {
    code: "storage",
    hint: /Another process uses this directory/,
  });
  await _[Symbol.asyncDispose]();
  await assert.rejects(reopenDatabase(database), { code: "damaged-database" });
  await assert.rejects(Promise.resolve(database.level.get(key)), { code: "damaged-database" });
});

test("what disks say has a code and a hint", () => {
  const codeOf = (message: string) => {
    const { code, hint } = storageFault({
      path: "d",
      cause: new Error("failed", { cause: new Error(message) }),
    });
    return [code, hint] as const;
  };
  assert.equal(codeOf("IO error: d/000003.log: No space left on device")[0], "disk-full");
  assert.equal(codeOf("EDQUOT: disk quota exceeded")[0], "disk-full");
  assert.equal(codeOf("Corruption: 1 missing files; e.g.: d/000005.ldb")[0], "damaged-database");
  for (const [message, hint] of [
    ["IO error: d/LOCK: Permission denied", /Let the user/],
    ["EROFS: read-only file system", /Let the user/],
    ["IO error: d/000003.log: No such file or directory", /Bring the directory back/],
    ["IO error: d/000003.ldb: Input/output error", /may be failing/],
    ["EMFILE: too many open files", /ulimit/],
  ] as const) {
    const [code, said] = codeOf(message);
    assert.equal(code, "storage", message);
    assert.match(said, hint);
  }
});
