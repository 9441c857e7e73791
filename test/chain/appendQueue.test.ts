import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readEntry } from "../../src/chain/read/readEntry.ts";
import { type AppendQueue, openAppendQueue } from "../../src/chain/relay/appendQueue.ts";
import { type AppendOutcome, relayAppend } from "../../src/chain/relay/relayAppend.ts";
import { openRelayer, type Relayer } from "../../src/chain/submit/openRelayer.ts";
import { waitForTransaction } from "../../src/chain/submit/waitForTransaction.ts";
import { callRpc } from "../../src/devnet/callRpc.ts";
import { WeftError } from "../../src/errors.ts";
import type { Append } from "../../src/wire/append.ts";
import { MAX_ENTRY_PAYLOAD_BYTES } from "../../src/wire/limits.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { type TestEntry, testEntry, testGroup } from "../support/testGroup.ts";

let local: TestChain;

before(async () => {
  local = await startTestChain();
});
after(() => local[Symbol.asyncDispose]());

const rpc = <T>(method: string, ...args: unknown[]) => callRpc<T>({ rpcUrl: local.rpcUrl, method, args });

/** A queue by an account of its own, which has sent nothing. */
function openQueue(index: number): { queue: AppendQueue; relayer: Relayer; sent: () => Promise<number> } {
  const { privateKey } = local.accounts[index] ?? assert.fail();
  const relayer = openRelayer({ privateKey });
  const queue = openAppendQueue({ chain: local.chain, relayer });
  const sent = async () => Number(await rpc("eth_getTransactionCount", relayer.address, "pending"));
  return { queue, relayer, sent };
}

function firstEntry(size = 1_024): TestEntry {
  const { group, genesis } = testGroup();
  return testEntry({ network: local.network, group, parent: group, signer: genesis, size });
}

function childOf({ append, id, authority }: TestEntry, limit = 0): TestEntry {
  const { network } = local;
  return testEntry({ network, group: append.group, parent: id, signer: authority, limit });
}

const isThere = async ({ id, append }: TestEntry) =>
  (await readEntry({ chain: local.chain, group: append.group, id })) !== undefined;

const transactionOf = (outcome: AppendOutcome | undefined) =>
  outcome?.kind === "submitted" ? outcome.transaction : assert.fail(JSON.stringify(outcome));

async function gasOf(outcome: AppendOutcome | undefined): Promise<number> {
  const transaction = transactionOf(outcome);
  assert.equal((await waitForTransaction({ chain: local.chain, transaction })).kind, "mined");
  const receipt = await rpc<{ gasUsed: string }>("eth_getTransactionReceipt", transaction);
  return Number(receipt.gasUsed);
}

async function land(entry: TestEntry, queue: AppendQueue): Promise<TestEntry> {
  await gasOf(await queue({ append: entry.append }));
  return entry;
}

test("entries of many groups that wait go in one transaction and cost less; all land, in their order", async (t) => {
  const { queue, sent } = openQueue(3);
  const alone = await gasOf(await queue({ append: firstEntry().append }));
  const entries = Array.from({ length: 20 }, () => firstEntry());
  const outcomes = await Promise.all(entries.map(({ append }) => queue({ append })));
  assert.equal(await sent(), 3, "one before, the first of them, and all others together");
  assert.equal(new Set(outcomes.slice(1).map(transactionOf)).size, 1);
  const each = (await gasOf(outcomes[1])) / (entries.length - 1);
  t.diagnostic(`${alone} gas for an entry of 1 KiB alone, ${Math.round(each)} for each of nineteen`);
  assert.ok(each < 0.9 * alone, `${each} of ${alone}`);
  for (const entry of entries) assert.ok(await isThere(entry));
});

test("what can't land is told why and leaves the others alone", async () => {
  const { queue, sent } = openQueue(4);
  const [first, rival] = [await land(firstEntry(), queue), firstEntry()];
  const [won, lost] = [childOf(first), childOf(first)];
  const other = firstEntry();
  const asked: Append[] = [
    rival.append,
    won.append,
    lost.append,
    first.append,
    { ...other.append, signature: new Uint8Array(65) },
    { ...other.append, payload: Uint8Array.of(9) },
    other.append,
  ];
  const outcomes = await Promise.all(asked.map((append) => queue({ append })));
  const kinds = outcomes.map((one) => (one.kind === "refused" ? one.code : one.kind));
  const refused = ["stale", "exists", "bad-signature", "mesh-payload-on-chain"];
  assert.deepEqual(kinds, ["submitted", "submitted", ...refused, "submitted"]);
  assert.equal(await sent(), 3);
  await gasOf(outcomes.at(-1));
  for (const entry of [won, other]) assert.ok(await isThere(entry));
  assert.ok(!(await isThere(lost)));
});

test("an entry that loses its race after it was sent sinks none of those that went with it", async () => {
  const { queue, relayer } = openQueue(5);
  const first = await land(firstEntry(), queue);
  const [late, rival] = [childOf(first), childOf(first)];
  const others = [firstEntry(), firstEntry(), firstEntry()];
  await local.pause();
  const sending = [others[0], late, ...others.slice(1)].map((one) => queue({ append: (one ?? late).append }));
  const outcomes = await Promise.all(sending);
  // They are late: what another account sends comes into a block before them.
  const raws = [...relayer.inFlight.values()].map(({ raw }) => raw);
  for (const transaction of new Set(outcomes.map(transactionOf)))
    await rpc("anvil_dropTransaction", transaction);
  const { queue: another } = openQueue(6);
  transactionOf(await another({ append: rival.append }));
  await local.mine(1);
  for (const raw of raws) await rpc("eth_sendRawTransaction", raw);
  await local.mine(1);
  for (const outcome of outcomes) await gasOf(outcome);
  local.resume();
  assert.ok((await isThere(rival)) && !(await isThere(late)));
  for (const entry of others) assert.ok(await isThere(entry));
});

test("an entry that its sender may not pay for is left out, and each is asked about its own part of the costs", async () => {
  const { queue, sent } = openQueue(7);
  const entries = [firstEntry(0), firstEntry(0), firstEntry(20_000), firstEntry(0)];
  const costs: { gas: bigint; wei: bigint; wholeWei: bigint }[] = [];
  const outcomes = await Promise.allSettled(
    entries.map(({ append }, i) =>
      queue({
        append,
        permit: async (cost) => {
          if (i === 3) throw new WeftError({ code: "over-budget", message: "too much" });
          costs[i] = cost;
        },
      }),
    ),
  );
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["fulfilled", "fulfilled", "fulfilled", "rejected"],
  );
  assert.equal(await sent(), 2);
  const [, small, large] = costs;
  assert(small !== undefined && large !== undefined);
  assert.ok(large.gas > 4n * small.gas);
  assert.ok(small.wei + large.wei <= large.wholeWei && small.wei + large.wei > (large.wholeWei * 99n) / 100n);
});

test("what is too large to go together goes alone, and a fault of the chain is told to all that wait", async () => {
  const { queue, sent, relayer } = openQueue(8);
  const large = Array.from({ length: 3 }, () => firstEntry(MAX_ENTRY_PAYLOAD_BYTES - 33));
  for (const outcome of await Promise.all(large.map(({ append }) => queue({ append })))) await gasOf(outcome);
  assert.equal(await sent(), 3);
  await rpc("anvil_setBalance", relayer.address, "0x0");
  const poor = await Promise.allSettled([1, 2, 3].map(() => queue({ append: firstEntry().append })));
  for (const one of poor) assert.ok(one.status === "rejected" && one.reason.code === "unfunded");
  await rpc("anvil_setBalance", relayer.address, "0xde0b6b3a7640000");
  await gasOf(await queue({ append: firstEntry().append }));
  assert.equal(
    (await relayAppend({ chain: local.chain, relayer, append: firstEntry().append })).kind,
    "submitted",
  );
});
