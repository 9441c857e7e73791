import assert from "node:assert/strict";
import { test } from "node:test";
import { runWeft } from "./runWeft.ts";

test("help names every command, its options and examples", async () => {
  const { code, stdout } = await runWeft(["--help"]);
  assert.equal(code, 0);
  for (const command of [
    "devnet",
    "scenario",
    "node",
    "deploy",
    "chat",
    "whoami",
    "send",
    "edit",
    "react",
    "list",
    "stream",
    "requests",
    "allow",
    "block",
    "devices",
    "revoke",
    "history",
    "export",
    "import",
    "wallets",
    "link",
    "unlink",
    "recover",
    "veto",
  ]) {
    assert.match(stdout, new RegExp(`^ {2}${command}\\b`, "m"));
    const help = await runWeft([command, "--help"]);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /Examples?:\n {2}\$ weft/, command);
  }
});

test("a scenario that can't be read is refused before anything starts", async () => {
  const { code, stdout, stderr } = await runWeft(["scenario", "no-such-file.jsonl"]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr,
    /^error no-such-file\.jsonl can't be read\nhint {2}Check its path\. \(bad-scenario\)\n$/,
  );
});

test("a fault is a message and a hint; the stack comes with --debug only", async () => {
  const args = ["deploy", "--rpc", "http://127.0.0.1:9"];
  const plain = await runWeft(args);
  assert.equal(plain.code, 1);
  assert.match(
    plain.stderr,
    /^error no answer from http:\/\/127\.0\.0\.1:9\nhint {2}.+\(chain-unreachable\)\n$/,
  );
  const debug = await runWeft(["--debug", ...args]);
  assert.match(debug.stderr, /at .*deploy\.ts/);
});

test("options are checked", async () => {
  const nodes = await runWeft(["devnet", "--nodes", "none"]);
  assert.equal(nodes.code, 1);
  assert.match(nodes.stderr, /a whole number from 1 to 49/);
  const chain = await runWeft(["devnet", "--chain", "geth"]);
  assert.match(chain.stderr, /Allowed choices are anvil, hardhat/);
});
