import assert from "node:assert/strict";
import { test } from "node:test";
import { Level } from "level";
import { isWeftError } from "../../src/errors.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { asAddress } from "../../src/wire/ids.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { testNetwork } from "../support/testNetwork.ts";

const network = testNetwork;

test("a database keeps its id and refuses another network by name", async () => {
  await using directory = await temporaryDirectory();
  const { path } = directory;
  const first = await openDatabase({ path, kind: "node", network });
  await first[Symbol.asyncDispose]();
  const again = await openDatabase({ path, kind: "node", network });
  await again[Symbol.asyncDispose]();
  assert.deepEqual(again.id, first.id);
  assert.equal(first.id.length, 16);

  const other = { ...network, nodeRegistry: asAddress(`0x${"77".repeat(20)}`) };
  await assert.rejects(openDatabase({ path, kind: "node", network: other }), (error: unknown) => {
    assert.ok(isWeftError(error, "wrong-network"));
    assert.match(error.message, /nodeRegistry/);
    assert.match(error.hint, /empty data directory/);
    return true;
  });
  // refusing closed it again
  await using third = await openDatabase({ path, kind: "node", network });
  assert.deepEqual(third.id, first.id);
});

test("a second opener, another kind and a foreign database get a storage error that says what to do", async () => {
  await using directory = await temporaryDirectory();
  const { path } = directory;
  {
    await using _open = await openDatabase({ path, kind: "client", network });
    await assert.rejects(openDatabase({ path, kind: "client", network }), (error: unknown) => {
      assert.ok(isWeftError(error, "storage"));
      assert.match(error.hint, /Another process/);
      return true;
    });
  }
  await assert.rejects(openDatabase({ path, kind: "node", network }), /client's database/);

  await using foreign = await temporaryDirectory();
  const level = new Level<string, string>(foreign.path);
  await level.put("some", "thing");
  await level.close();
  await assert.rejects(openDatabase({ path: foreign.path, kind: "node", network }), (error: unknown) =>
    isWeftError(error, "storage"),
  );
});
