import assert from "node:assert/strict";
import { copyFile, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { runWeft } from "./runWeft.ts";
import { startTown } from "./startTown.ts";
import { startTypist } from "./startTypist.ts";

test("verbs set people up, found groups, send, list and stream, all as JSON for programs", async () => {
  await using town = await startTown({ nodes: 2 });
  const { directory, networkFile } = town;
  const weft = async (...args: string[]) => {
    const { code, stdout, stderr } = await runWeft(args, process.env, directory);
    assert.equal(code, 0, stderr);
    return stdout.trimEnd();
  };
  const json = async (...args: string[]) => JSON.parse(await weft(...args, "--json"));

  const alice = await json("whoami", "--as", "alice");
  assert.deepEqual(await json("whoami", "--as", "alice"), alice, "the same installation again");
  const { mode } = await stat(join(alice.directory, "wallet.key"));
  assert.equal(mode & 0o777, 0o600);
  const bob = await json("whoami", "--data", join(directory, "bobs"), "--network", networkFile);
  assert.notEqual(bob.inbox, alice.inbox);

  // bob's data lie elsewhere: he is known by his wallet only.
  const { group, outcome } = await json("create", "Machines", bob.wallet, "--as", "alice");
  assert.deepEqual(outcome, { kind: "delivered" });
  assert.deepEqual(await json("allow", "Machines", "--data", "bobs"), { group, consent: "allowed" });
  await using listener = startTypist({ directory, args: ["stream", "--data", "bobs", "--json"] });
  await listener.sees(/listening/);
  const sent = await json("send", "Machines", "disk", "full", "--as", "alice", "--node", "2");
  assert.deepEqual(sent.outcome, { kind: "delivered" });
  await listener.sees(
    new RegExp(`"kind":"shown","group":"${group}".*"id":"${sent.message}".*"text":"disk full"`),
  );
  listener.interrupt();
  assert.equal(await listener.exited, 0);

  const listed = (await weft("list", "machines", "--data", "bobs", "--json"))
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    listed.map(({ kind, text }) => [kind, text]),
    [["message", "disk full"]],
  );
  assert.match(await weft("list", "Machines", "--as", "alice", "-n", "1"), /\d\d:\d\d ✓✓ alice +disk full$/);
  const at = ["Machines", sent.message.slice(0, 12)];
  await json("react", ...at, "🔥", "--data", "bobs");
  await json("edit", ...at, "disk", "nearly", "full", "--as", "alice");
  await json("send", "Machines", "which one?", "--reply-to", sent.message, "--data", "bobs");
  const [edited = "", reply = ""] = (await weft("list", "Machines", "--as", "alice", "-n", "2")).split("\n");
  assert.match(edited, /alice +disk nearly full \(edited\) {2}\[🔥\]$/);
  assert.match(reply, /↳ disk nearly full · which one\?$/);
  await json("react", ...at, "🔥", "--take-back", "--data", "bobs");
  await json("add", "Machines", (await json("whoami", "--as", "carol")).inbox, "--as", "alice");
  const asked = await weft("requests", "--as", "carol");
  assert.match(asked, /^0x\w{8} {2}Machines {2}from alice {2}3 members/);
  assert.equal(await weft("block", "alice", "--as", "carol"), "alice is blocked");
  assert.equal(await weft("allow", "Machines", "--as", "carol"), "Machines is allowed");
  assert.match(await weft("groups", "--as", "carol"), /^0x\w{8} {2}Machines {2}epoch 2 {2}3 members/);
  const members = await weft("members", "Machines", "--as", "carol");
  assert.match(members, /^0x\w{8} {2}alice +super-admin +1 device$/m);
  assert.match(members, /^0x\w{8} {2}carol +member +1 device$/m);

  // A second device of alice's, which is lost: her wallet is enough to see and to end it.
  const second = join(directory, "second");
  await mkdir(second);
  await copyFile(join(alice.directory, "wallet.key"), join(second, "wallet.key"));
  const lost = await json("whoami", "--data", second);
  assert.equal(lost.inbox, alice.inbox);
  const { recovery, messages } = await json("export", "history.weft", "--as", "alice");
  await using importer = startTypist({
    directory,
    args: ["import", "history.weft", "--data", second, "--json"],
  });
  importer.type(`${recovery}\n`);
  await importer.sees(new RegExp(`"messages":${messages},"come":[1-9]`));
  assert.equal(await importer.exited, 0);
  assert.match(
    await weft("list", "Machines", "--data", second),
    /disk nearly full \(edited\) \(from an archive\)/,
  );
  await using receiver = startTypist({ directory, args: ["history", "receive", "--data", second, "--json"] });
  await receiver.sees(/"code":"/);
  const code = await receiver.seen(/(\w{4}-){3}\w{4}/);
  const device = lost.installation.slice(0, 18);
  const wrong = await runWeft(
    ["history", "send", device, "abcd-efgh", "--as", "alice"],
    process.env,
    directory,
  );
  assert.deepEqual([wrong.code, /\(wrong-code\)/.test(wrong.stderr)], [1, true]);
  const history = await json("history", "send", device, code, "--as", "alice");
  assert.deepEqual([history.messages, history.isCut], [messages, false]);
  await receiver.sees(new RegExp(`"messages":${messages},"come":0`));
  assert.equal(await receiver.exited, 0);
  const again = await runWeft(["export", "history.weft", "--as", "alice"], process.env, directory);
  assert.deepEqual([again.code, /is there already/.test(again.stderr)], [1, true]);
  const shown = await weft("devices", "--as", "alice");
  assert.match(shown, /^inbox 0x\w{64}: 2 devices, 0 revoked, as of block \d+$/m);
  const own = alice.installation.slice(0, 18);
  assert.match(
    shown,
    new RegExp(`^${own} {2}added \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d {2}active {2}this device$`, "m"),
  );
  assert.equal(await weft("revoke", "--others", "--as", "alice"), `${lost.installation}  revoked`);
  assert.match(await weft("devices", "--as", "alice"), /: 1 device, 1 revoked/);

  // Another wallet joins hers; what it proposes is vetoed, and it is unlinked.
  const file = join(directory, "spare.key");
  const key = generatePrivateKey();
  await writeFile(file, key);
  const spare = privateKeyToAccount(key).address.toLowerCase();
  assert.equal((await json("link", file, "--as", "alice")).kind, "linked");
  const proposed = await json("recover", spare, "--wallet", file, "--as", "alice");
  assert.equal(proposed.kind, "proposed");
  const wallets = await weft("wallets", "--as", "alice");
  assert.match(wallets, /^inbox 0x\w{64}: 2 wallets, as of block \d+$/m);
  assert.match(wallets, new RegExp(`^${alice.wallet} {2}linked in block \\d+ +key +this wallet$`, "m"));
  assert.match(wallets, new RegExp(`^proposed: ${spare}, in force from \\d{4}-`, "m"));
  assert.match(
    await weft("veto", "--as", "alice"),
    new RegExp(`^${spare} will not be the recovery wallet of `),
  );
  assert.match(await weft("unlink", spare, "--as", "alice"), new RegExp(`^${spare} is unlinked from `));
  const last = await runWeft(["unlink", alice.wallet, "--as", "alice"], process.env, directory);
  assert.deepEqual([last.code, /^refused \(last-wallet\): /.test(last.stdout)], [1, true]);
  const nobody = await runWeft(["devices", "--as", "nobody"], process.env, directory);
  assert.deepEqual([nobody.code, /there is no wallet at .*\(bad-config\)/s.test(nobody.stderr)], [1, true]);
});

test("whoever can't be understood is told what to say instead", async () => {
  await using town = await startTown({ nodes: 1 });
  const { directory } = town;
  const refused = async (...args: string[]) => {
    const { code, stderr } = await runWeft(args, process.env, directory);
    assert.equal(code, 1, args.join(" "));
    return stderr;
  };
  assert.match(await refused("whoami", "--as", "../eve"), /error not a name: "..\/eve"\nhint {2}A name has/);
  assert.match(await refused("whoami", "--node", "5"), /no node is called 5\nhint .* a number from 1 to 1/);
  assert.match(
    await refused("send", "Nope", "hi"),
    /no group is called Nope\nhint {2}There are no groups yet/,
  );
  assert.match(await refused("block", "nobody"), /nobody here is called nobody\nhint/);
  const wallet = "0x00000000000000000000000000000000000000ff";
  assert.match(await refused("block", wallet), /no inbox is known of 0x0+ff\nhint {2}Name a group/);
  assert.match(await refused("create", "G", "nobody"), /nobody here is called nobody\nhint/);
  assert.match(await refused("whoami", "--network", "none.json"), /none\.json can't be read\nhint/);
  const elsewhere = await runWeft(["whoami"], process.env, join(directory, ".weft"));
  assert.match(elsewhere.stderr, /no devnet runs here, and no network was named\nhint/);
});
