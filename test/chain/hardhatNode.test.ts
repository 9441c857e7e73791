import assert from "node:assert/strict";
import { test } from "node:test";
import { relayAppend } from "../../src/chain/relay/relayAppend.ts";
import { openRelayer } from "../../src/chain/submit/openRelayer.ts";
import { waitForTransaction } from "../../src/chain/submit/waitForTransaction.ts";
import { readRecords } from "../support/readRecords.ts";
import { startTestChain } from "../support/startTestChain.ts";
import { testEntry, testGroup } from "../support/testGroup.ts";

test("Hardhat's node serves as well as Anvil", async () => {
  await using local = await startTestChain({ kind: "hardhat" });
  const { chain, network } = local;
  const [, account] = local.accounts;
  assert(account);
  const relayer = openRelayer({ privateKey: account.privateKey });
  const { group, genesis } = testGroup();
  const entry = testEntry({ network, group, parent: group, signer: genesis });
  const rival = testEntry({ network, group, parent: group, signer: genesis });
  const outcome = await relayAppend({ chain, relayer, append: entry.append });
  assert(outcome.kind === "submitted");
  assert.deepEqual(await relayAppend({ chain, relayer, append: rival.append }), {
    kind: "stale",
    children: 1,
  });
  assert.equal((await waitForTransaction({ chain, transaction: outcome.transaction })).kind, "mined");
  assert.deepEqual(await relayAppend({ chain, relayer, append: entry.append }), { kind: "exists" });
  const records = await readRecords({ chain });
  assert.deepEqual(
    records.map((record) => record.kind === "entry" && record.id),
    [entry.id],
  );
});
