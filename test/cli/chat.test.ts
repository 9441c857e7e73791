import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { startTown } from "./startTown.ts";
import { startTypist } from "./startTypist.ts";

test("two people in two terminals talk, rename, give roles, delete, restart with history and leave", async () => {
  await using town = await startTown({ nodes: 2 });
  const { directory } = town;
  const chat = (name: string, ...more: string[]) =>
    startTypist({ directory, args: ["chat", "--as", name, ...more] });

  await using alice = chat("alice", "--node", "1");
  await using bob = chat("bob", "--node", "2");
  for (const person of [alice, bob]) await person.sees(/no group yet: \/new/);
  alice.type('/new "Summer picnic" bob\n');
  await alice.sees(/delivered: found Summer picnic with bob/);
  await bob.sees(/You are in Summer picnic now · 2 members, epoch 1/);
  await bob.sees(/by way of node 2/);

  alice.type("who brings the bread?\n");
  await alice.sees(/✓✓ delivered: who brings the bread\?/);
  await bob.sees(/alice +who brings the bread\?/);
  bob.type("me\n");
  await alice.sees(/bob +me\n/);

  alice.type("/react 🥖\n");
  await bob.sees(/bob +me {2}\[🥖\]/);
  bob.type("/edit I do\n");
  await alice.sees(/bob +I do \(edited\) {2}\[🥖\]/);
  bob.type("/reply two of them?\n");
  await alice.sees(/bob +↳ who brings the bread\? · two of them\?/);
  alice.type("/react 🥖\n");
  alice.type("/react 🥖 0x\n");
  await alice.sees(/more than one id starts with 0x/);
  bob.type("/edit 0xfff nothing\n");
  await bob.sees(/there is no such message/);

  bob.type("/rename Bread\n");
  await bob.sees(/rename to Bread failed: not-permitted/);
  alice.type("/role bob admin\n");
  await bob.sees(/epoch 2 · alice made bob admin/);
  bob.type("/rename Bread\n");
  await alice.sees(/epoch 3 · bob renamed the group to "Bread"/);
  alice.type("/members\n");
  await alice.sees(/alice +super-admin +1 device\n\S+ +bob +admin +1 device/);
  await bob.sees(/epoch 3 · bob renamed the group to "Bread"/);
  bob.type("/status\n");
  await bob.sees(/epoch +3, opened by 0x/);

  await using second = chat("alice");
  await second.sees(/error the database .* is in use\nhint/);
  assert.equal(await second.exited, 1);

  bob.type("/quit\n");
  assert.equal(await bob.exited, 0);
  alice.type("are you there?\n");
  await alice.sees(/delivered: are you there\?/);
  await using again = chat("bob", "Bread");
  await again.sees(
    /Bread · epoch 3 · 2 members\n(.*\n)*.*alice +who brings the bread\?\n.*✓✓ bob +I do \(edited\) {2}\[🥖\]\n/,
  );
  await again.sees(/alice +are you there\?/);
  alice.type("/delete\n");
  await again.sees(/alice +\(deleted\)/);
  again.type("/leave\n");
  await again.sees(/You are in Bread no more/);
  await alice.sees(/alice let bob go/);

  alice.interrupt();
  assert.equal(await alice.exited, 0);
});

test("piped lines go out before the chat ends; what failed shows in the exit code", async () => {
  await using town = await startTown({ nodes: 1 });
  const { directory } = town;
  await using piped = startTypist({ directory, args: ["chat", "--as", "alice"] });
  piped.type("/new Notes\nfirst\n/nonsense\n/prefer 7\n");
  piped.end();
  assert.equal(await piped.exited, 0);
  await piped.sees(/error there is no \/nonsense\nhint/);
  await piped.sees(/error no node is called 7\nhint {2}Give a node's URL, or a number from 1 to 1\./);
  await piped.sees(/delivered: first/);
  await using failing = startTypist({ directory, args: ["chat", "Notes", "--as", "alice"] });
  failing.type("/leave\n");
  failing.end();
  assert.equal(await failing.exited, 1);
  await failing.sees(/leave the group failed: last-super-admin/);
});

const noScript = hasScript() ? false : "there is no `script` to make a terminal";

test("in a terminal, what comes in stands above the line that is being typed", {
  skip: noScript,
}, async () => {
  await using town = await startTown({ nodes: 2 });
  const { directory } = town;
  await using bob = startTypist({ directory, args: ["chat", "--as", "bob"] });
  await bob.sees(/no group yet/);
  await using alice = startTypist({ directory, args: ["chat", "--as", "alice"], inTerminal: true });
  await alice.sees(/alice › /);
  alice.type("/new Pier bob\r");
  await bob.sees(/You are in Pier now/);
  await alice.sees(/✓✓ found Pier with bob/);
  alice.type("half a li");
  await alice.sees(/half a li/);
  bob.type("\u001b[31mred\n");
  // Cleared, told, and then the same line again under it; nobody else's escape sequences.
  await alice.sees(/bob +\ufffd\[31mred\r\n.*alice@Pier › half a li/s);
  alice.type("ne\r");
  await bob.sees(/alice +half a line\n/);
  await alice.sees(/✓✓ alice +half a line/);
  alice.type("\u0003");
  assert.equal(await alice.exited, 0);
});

function hasScript(): boolean {
  try {
    return execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux");
  } catch {
    return false;
  }
}
