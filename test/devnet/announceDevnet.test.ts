import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { announceDevnet, findDevnet } from "../../src/devnet/announceDevnet.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";

test("a devnet is found while its process runs, and until it takes its word back", async () => {
  await using directory = await temporaryDirectory();
  const at = { directory: directory.path };
  assert.equal(await findDevnet(at), undefined);
  const ended = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(ended, "exit");
  const left = { pid: ended.pid, atMs: Date.now() + 1_000, networkFile: "old.json", nodes: [] };
  await writeFile(join(directory.path, `devnet-${ended.pid}.json`), JSON.stringify(left));
  assert.equal(await findDevnet(at), undefined, "killed before it could take it back");
  {
    const devnet = { networkFile: "31337.json", nodes: ["http://127.0.0.1:1"] };
    await using _ = await announceDevnet({ ...at, devnet });
    const found = await findDevnet(at);
    assert.deepEqual({ networkFile: found?.networkFile, nodes: found?.nodes }, devnet);
  }
  assert.equal(await findDevnet(at), undefined);
});
