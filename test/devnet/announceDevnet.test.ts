import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { announceDevnet, findDevnet } from "../../src/devnet/announceDevnet.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";

test("a devnet is found while its process runs, and until it takes its word back", async () => {
  await using directory = await temporaryDirectory();
  const at = { directory: directory.path };
  assert.equal(await findDevnet(at), undefined);
  // Killed before it could take them back; its number, and its port, are somebody else's by now.
  const stranger = createServer((socket) => socket.end("another's word"));
  stranger.listen(0, "127.0.0.1");
  await once(stranger, "listening");
  const { port } = stranger.address() as AddressInfo;
  const left = { pid: process.ppid, atMs: Date.now() + 1_000, networkFile: "old.json", nodes: [] };
  const words = {
    none: undefined,
    strangers: { port, token: "its word" },
    nobodys: { port: 9, token: "its word" },
  };
  for (const [name, word] of Object.entries(words)) {
    await writeFile(join(directory.path, `devnet-${process.ppid}.json`), JSON.stringify({ ...left, word }));
    assert.equal(await findDevnet(at), undefined, name);
  }
  stranger.close();
  {
    const devnet = { networkFile: "31337.json", nodes: ["http://127.0.0.1:1"] };
    await using _ = await announceDevnet({ ...at, devnet });
    const found = await findDevnet(at);
    assert.deepEqual({ networkFile: found?.networkFile, nodes: found?.nodes }, devnet);
  }
  assert.equal(await findDevnet(at), undefined);
});
