import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { callRpc } from "../../src/devnet/callRpc.ts";
import { runWeft } from "./runWeft.ts";
import { startTown } from "./startTown.ts";

test("with --rpc and --payer everything that goes to the chain is paid by that account", async () => {
  await using town = await startTown({ nodes: 2 });
  const { directory, chain } = town;
  const payer = chain.accounts[9];
  assert.ok(payer);
  await writeFile(join(directory, "payer.key"), `${payer.privateKey}\n`);
  const weft = (...args: string[]) => runWeft([...args, "--as", "alice"], process.env, directory);
  const own = ["--rpc", chain.rpcUrl, "--payer", "payer.key"];
  const { code, stdout, stderr } = await weft("create", "Mine", ...own, "--json");
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout).outcome, { kind: "delivered" });
  const args = [payer.address, "latest"];
  const sent = await callRpc({ rpcUrl: chain.rpcUrl, method: "eth_getTransactionCount", args });
  assert.equal(Number(sent), 2, "a registration and a first entry");

  const half = await weft("groups", "--rpc", chain.rpcUrl);
  assert.notEqual(half.code, 0);
  assert.match(half.stderr, /--rpc and --payer go together/);
  await writeFile(join(directory, "payer.key"), "0x1234");
  const wrong = await weft("groups", ...own);
  assert.match(wrong.stderr, /not a key file/);
  assert.doesNotMatch(wrong.stderr, /0x1234/);
});
