import assert from "node:assert/strict";
import { test } from "node:test";
import { connectNode } from "../../src/rpc/connectNode.ts";
import { MAX_SLOW_WORDS_PER_CALL, MAX_WORDS_PER_CALL } from "../../src/rpc/limits.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { serveRpc } from "../../src/rpc/serveRpc.ts";
import { asAddress, asId, type GroupId, type NodeId } from "../../src/wire/ids.ts";
import {
  type EntryWord,
  entryWord,
  readEntryWord,
  type Words,
  type WordsAnswer,
  type WordsQuestion,
} from "../../src/wire/words.ts";
import { wideLimits } from "../support/wideLimits.ts";
import { echoApi, head, hex } from "./echoApi.ts";

const wallet = asAddress(`0x${"ab".repeat(20)}`);
const place = { group: asId<GroupId>(hex(1)), id: asId<GroupId>(hex(2)) };
const log = { node: asId<NodeId>(hex(4)), generation: 3n, shard: 1 };
const question: WordsQuestion = {
  block: hex(9),
  entries: [place],
  inboxes: [asId(hex(3))],
  wallets: [wallet, wallet],
  nodes: [asId(hex(4))],
  checkpoints: [0, 5].map((block) => ({ log, sequence: 7n, block })),
  blocks: [1, head.number + 1],
};

async function serve(api: Partial<NodeApi> = {}) {
  return await serveRpc({
    handlers: echoApi(api),
    pages: async () => undefined,
    ...{ host: "127.0.0.1", port: 0, limits: wideLimits, onFault: () => undefined },
  });
}

test("a question and its answer come through both halves as they are", async () => {
  const asked: WordsQuestion[] = [];
  const readWords: NodeApi["readWords"] = async (one) => {
    asked.push(one);
    return await echoApi().readWords(one);
  };
  await using server = await serve({ readWords });
  await using node = connectNode({ url: server.url });
  const answer = await node.readWords(question);
  assert.deepEqual(asked, [question]);
  assert.deepEqual(answer, await echoApi().readWords(question));
  assert.equal(answer.words?.checkpoints[0], undefined);
  assert.equal(answer.words?.blocks[1], undefined);
});

test("a node whose chain lacks the block gives its head and no words", async () => {
  await using server = await serve({ readWords: async () => ({ head, words: undefined }) });
  await using node = connectNode({ url: server.url });
  assert.deepEqual(await node.readWords(question), { head, words: undefined });
});

test("a call takes 1,000 words and no more, and fewer of what costs the chain a request each", async () => {
  await using server = await serve();
  await using node = connectNode({ url: server.url });
  const none = { entries: [], inboxes: [], wallets: [], nodes: [], checkpoints: [], blocks: [] };
  const entries = Array.from({ length: MAX_WORDS_PER_CALL }, () => place);
  const { words } = await node.readWords({ ...question, ...none, entries });
  assert.equal(words?.entries.length, MAX_WORDS_PER_CALL);
  await assert.rejects(node.readWords({ ...question, ...none, entries, wallets: [wallet] }), {
    code: "too-large",
  });
  const blocks = Array.from({ length: MAX_SLOW_WORDS_PER_CALL + 1 }, (_, i) => i);
  await assert.rejects(node.readWords({ ...question, ...none, blocks }), { code: "too-large" });
});

test("an answer that does not fit its question is malformed, whatever is wrong with it", async () => {
  const honest = await echoApi().readWords(question);
  assert(honest.words);
  const { words } = honest;
  const wrong: [string, Partial<Words>][] = [
    ["of another block", { block: head }],
    ["a word too few", { entries: [] }],
    ["a word too many", { inboxes: [...words.inboxes, hex(1)] }],
    ["a short word", { nodes: ["0x12"] }],
    ["another number of wallets", { wallets: [] }],
    ["a block that was not asked for", { blocks: [{ ...head, number: 2 }, undefined] }],
    ["a short header hash", { checkpoints: ["0x12", undefined] }],
  ];
  for (const [name, change] of wrong) {
    const lie: WordsAnswer = { head, words: { ...words, ...change } };
    await using server = await serve({ readWords: async () => lie });
    await using node = connectNode({ url: server.url });
    await assert.rejects(node.readWords(question), { code: "malformed" }, name);
  }
});

test("an entry's word holds its four fields", () => {
  const words: EntryWord[] = [
    { authority: wallet, block: 2 ** 48 - 1, index: 2 ** 24 - 1, children: 0 },
    { authority: asAddress(new Uint8Array(20)), block: 0, index: 0, children: 2 ** 24 - 1 },
    { authority: asAddress(`0x${"01".padStart(40, "0")}`), block: 5, index: 6, children: 7 },
  ];
  for (const word of words) assert.deepEqual(readEntryWord(entryWord(word)), word);
  assert.equal(entryWord(words[2] as EntryWord), `0x000007000006000000000005${"01".padStart(40, "0")}`);
});
