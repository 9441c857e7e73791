import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Chain } from "../../src/chain/provider/chain.ts";
import { openChain } from "../../src/chain/provider/openChain.ts";
import { readHeader } from "../../src/chain/provider/readHeader.ts";
import { readWords } from "../../src/chain/read/readWords.ts";
import { relayAppend } from "../../src/chain/relay/relayAppend.ts";
import { openRelayer, type Relayer } from "../../src/chain/submit/openRelayer.ts";
import type { LocalChainKind } from "../../src/devnet/localChainCommand.ts";
import { asAddress, asId, type Hex, type InboxId } from "../../src/wire/ids.ts";
import { readEntryWord, type WordsList } from "../../src/wire/words.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { type TestEntry, testEntry, testGroup } from "../support/testGroup.ts";
import { startRpcShim } from "./rpcShim.ts";

const NONE: WordsList = { entries: [], inboxes: [], wallets: [], nodes: [], checkpoints: [], blocks: [] };
const ZERO: Hex = `0x${"00".repeat(32)}`;
const UNKNOWN: Hex = `0x${"ab".repeat(32)}`;
/** Anvil answers calls as of so many blocks before its head. */
const ANVIL_STATES = 64;

const kinds: readonly LocalChainKind[] = ["anvil", "hardhat"];
const chains = new Map<LocalChainKind, TestChain>();

before(async () => {
  for (const kind of kinds) {
    const chain = await startTestChain({ kind, ...(kind === "hardhat" ? { blockMs: 100 } : {}) });
    await chain.pause();
    chains.set(kind, chain);
  }
});
after(async () => {
  for (const chain of chains.values()) await chain[Symbol.asyncDispose]();
});

function started(kind: LocalChainKind): { local: TestChain; chain: Chain; relayer: Relayer } {
  const local = chains.get(kind);
  const account = local?.accounts[2];
  assert(local && account);
  return { local, chain: local.chain, relayer: openRelayer({ privateKey: account.privateKey }) };
}

/** Puts the first entry of a new group into a block of its own. */
async function appendFirst(kind: LocalChainKind): Promise<TestEntry> {
  const { local, chain, relayer } = started(kind);
  const { group, genesis } = testGroup();
  const entry = testEntry({ network: local.network, group, parent: group, signer: genesis });
  const outcome = await relayAppend({ chain, relayer, append: entry.append });
  assert.equal(outcome.kind, "submitted");
  await local.mine(1);
  return entry;
}

async function headOf(chain: Chain) {
  const head = await readHeader({ chain, block: "latest" });
  assert(head);
  return head;
}

for (const kind of kinds) {
  test(`words are those of the named block, whatever came after it (${kind})`, async () => {
    const { local, chain } = started(kind);
    const before = await headOf(chain);
    const entry = await appendFirst(kind);
    const then = await headOf(chain);
    await local.mine(3);
    const { group } = entry.append;
    const places = {
      entries: [
        { group, id: entry.id },
        { group, id: group },
      ],
      blocks: [0, then.number, 1e9],
    };
    const { head, words } = await readWords({ chain, question: { ...NONE, ...places, block: then.hash } });
    assert(words?.entries[0] && words.entries[1]);
    assert.equal(head?.number, then.number + 3);
    assert.deepEqual(words.block, { number: then.number, hash: then.hash, time: then.time });
    const authority = asAddress(entry.append.authority);
    assert.deepEqual(readEntryWord(words.entries[0]), {
      authority,
      block: then.number,
      index: 0,
      children: 0,
    });
    assert.equal(readEntryWord(words.entries[1]).children, 1);
    assert.deepEqual(
      words.blocks.map((block) => block?.hash),
      [local.network.genesisHash, then.hash, undefined],
    );
    const earlier = await readWords({ chain, question: { ...NONE, ...places, block: before.hash } });
    assert.deepEqual(earlier.words?.entries, [ZERO, ZERO]);
    assert.equal(earlier.words?.blocks[1], undefined);
  });

  test(`a block that nobody has made has no words, and the head is told (${kind})`, async () => {
    const { chain } = started(kind);
    const { head, words } = await readWords({ chain, question: { ...NONE, block: UNKNOWN } });
    assert.equal(words, undefined);
    assert.equal(head?.hash, (await headOf(chain)).hash);
  });
}

test("a block that a reorganization took has no words", async () => {
  const { local, chain } = started("anvil");
  const entry = await appendFirst("anvil");
  const gone = await headOf(chain);
  assert.deepEqual(await local.reorg({ depth: 1 }), { kind: "done" });
  await appendFirst("anvil");
  assert.notEqual((await readHeader({ chain, block: gone.number }))?.hash, gone.hash);
  const { group } = entry.append;
  const question = { ...NONE, entries: [{ group, id: entry.id }], block: gone.hash };
  const { words, head } = await readWords({ chain, question });
  assert.equal(words, undefined);
  assert(head && head.number >= gone.number);
});

test("an RPC that still serves a block that a reorganization took is not believed", async () => {
  const { local, chain } = started("anvil");
  const other = await headOf(chain);
  await local.mine(1);
  const last = await headOf(chain);
  // It knows the block by its hash, but has another one at its number.
  await using shim = await startRpcShim({
    rpcUrl: local.rpcUrl,
    intercept: ({ method, params }) =>
      method === "eth_getBlockByNumber" && params[0] === `0x${last.number.toString(16)}`
        ? { result: { number: params[0], hash: other.hash, timestamp: "0x1", parentHash: other.hash } }
        : undefined,
  });
  const lagging = await openChain({ rpcUrl: shim.rpcUrl, network: local.network });
  const { words } = await readWords({ chain: lagging, question: { ...NONE, block: last.hash } });
  assert.equal(words, undefined);
});

test("state that the RPC has dropped is no answer", async () => {
  const { local, chain } = started("anvil");
  const { hash: block } = await headOf(chain);
  await local.mine(ANVIL_STATES);
  assert((await readWords({ chain, question: { ...NONE, block } })).words);
  await local.mine(1);
  await assert.rejects(readWords({ chain, question: { ...NONE, block } }), { code: "chain-unreachable" });
});

test("contracts that are not there are no answer", async () => {
  const { local, chain } = started("anvil");
  const { hash: block } = await headOf(chain);
  const elsewhere = {
    ...chain,
    network: { ...local.network, nodeRegistry: asAddress(`0x${"12".repeat(20)}`) },
  };
  await assert.rejects(readWords({ chain: elsewhere, question: { ...NONE, block } }), {
    code: "chain-unreachable",
  });
});

test("an RPC's error, an answer of another length and silence are no answer", async () => {
  const { local, chain } = started("anvil");
  const { hash: block } = await headOf(chain);
  const question = { ...NONE, block, inboxes: [asId<InboxId>(UNKNOWN)] };
  assert.deepEqual((await readWords({ chain, question })).words?.inboxes, [ZERO]);
  const empty = `0x${"20".padStart(64, "0")}${"0".padStart(64, "0")}` as const;
  let isOpen = false;
  for (const answer of [
    { error: { code: -32000, message: "no state" } },
    { result: "0x" },
    { result: empty },
  ]) {
    isOpen = false;
    await using shim = await startRpcShim({
      rpcUrl: local.rpcUrl,
      intercept: ({ method }) => (isOpen && method === "eth_call" ? answer : undefined),
    });
    const failing = await openChain({ rpcUrl: shim.rpcUrl, network: local.network });
    isOpen = true;
    await assert.rejects(readWords({ chain: failing, question }), { code: "chain-unreachable" });
  }
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(readWords({ chain, question, signal }), { message: "enough" });
});
