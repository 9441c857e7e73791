import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { loadNodeKeys } from "../../src/node/nodeKeys.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";

test("a key file of an earlier version gets a relaying key and keeps the others; accounts are never the same", async () => {
  await using directory = await temporaryDirectory();
  const place = { dataDir: directory.path, operatorKey: undefined, relayKey: undefined };
  const path = join(directory.path, "node.json");
  const drawn = await loadNodeKeys(place);
  assert.deepEqual(await loadNodeKeys(place), drawn);
  const { relay: _, ...earlier } = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify(earlier));
  const mended = await loadNodeKeys(place);
  assert.deepEqual({ ...mended, relay: "" }, { ...drawn, relay: "" });
  assert.notEqual(mended.relay, mended.operator);
  assert.deepEqual(await loadNodeKeys(place), mended);
  const chosen = await loadNodeKeys({ ...place, relayKey: drawn.relay });
  assert.equal(chosen.relay, drawn.relay);
  await assert.rejects(loadNodeKeys({ ...place, relayKey: drawn.operator }), { code: "bad-config" });
  await assert.rejects(loadNodeKeys({ ...place, relayKey: "0x12" }), { code: "bad-config" });
});
