import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { MAX_BLOCKS_BEHIND } from "../../src/client/witness/leaveIfBehind.ts";
import { readInboxesOf } from "../../src/client/witness/readInboxesOf.ts";
import { drawBySecret } from "../../src/reconciler/witness/drawBySecret.ts";
import { asId, type InboxId } from "../../src/wire/ids.ts";
import type { WordsAnswer, WordsQuestion } from "../../src/wire/words.ts";
import { installVirtualTime, type VirtualTime } from "../search/virtualTime.ts";
import {
  emptyAnswer,
  TEST_HEAD,
  testHash,
  testNodeId,
  testOperator,
  testWitnesses,
} from "../support/testWitnesses.ts";

const wallet = testOperator(0xee);
const before = asId<InboxId>(testHash(3));
const now = asId<InboxId>(testHash(4));
const blockAt = (number: number) => ({ ...TEST_HEAD, number, hash: testHash(number) });
/** From this block on the wallet is in another inbox. */
const MOVED = 90;
const OLD = blockAt(TEST_HEAD.number - MAX_BLOCKS_BEHIND);

let time: VirtualTime;
beforeEach(() => {
  time = installVirtualTime(1_800_000_000_000);
});
afterEach(() => time[Symbol.dispose]());

/** Answers about every block there was, and names this one for its newest. */
const namedBy =
  (newest: () => number) =>
  async (question: WordsQuestion): Promise<WordsAnswer> => {
    const asked = Array.from({ length: TEST_HEAD.number + 1 }, (_, i) => blockAt(i)).find(
      ({ hash, number }) => hash === question.block && number > 0,
    );
    const { words } = emptyAnswer(question);
    const inbox = (asked?.number ?? 0) < MOVED ? before : now;
    return {
      head: blockAt(newest()),
      words: asked && words && { ...words, block: asked, wallets: question.wallets.map(() => inbox) },
    };
  };
const honest = namedBy(() => TEST_HEAD.number);

/** Four nodes, of which the client's secret draws the first one first, and what two of them say of the wallet. */
async function readWith(
  answers: readonly [typeof honest, typeof honest],
  heads: readonly number[] = [],
): Promise<{ inbox: InboxId | undefined; asked: readonly number[] }> {
  const ids = [1, 2, 3, 4];
  const panel = ids.map((id) => ({ node: testNodeId(id), operator: testOperator(id) }));
  const drawn = drawBySecret({ secret: new Uint8Array(32), nodes: panel });
  const nodes = drawn.map(({ node }, i) => ({
    id: ids.find((one) => testNodeId(one) === node) ?? 0,
    answers: answers[i] ?? honest,
    head: blockAt(heads[i] ?? TEST_HEAD.number),
  }));
  const { witnesses, asked } = testWitnesses(nodes);
  const { signal } = new AbortController();
  const reading = readInboxesOf({ witnesses, panel: drawn, wallets: [wallet], signal });
  const linked = await time.settle(reading, 60_000);
  return { inbox: linked?.get(wallet), asked: asked.map((id) => nodes.findIndex((one) => one.id === id)) };
}

test("a node that names an old block tells of no wallet what was so then, though a witness confirms it", async () => {
  const { inbox, asked } = await readWith([namedBy(() => OLD.number), honest]);
  assert.equal(inbox, now);
  assert.equal(asked[0], 0, "it was asked first");
});

test("an honest node whose words are old since this client is slow is asked once more", async () => {
  let reads = 0;
  // Both questions of the first reading, and the one of the second, which comes after a long pause.
  const { inbox, asked } = await readWith([
    namedBy(() => (reads++ < 2 ? OLD.number : TEST_HEAD.number)),
    honest,
  ]);
  assert.equal(inbox, now);
  assert.deepEqual(asked, [0, 0, 1, 0, 0, 1]);
});

test("a witness that makes up a block far ahead takes nobody from an honest node", async () => {
  const { inbox, asked } = await readWith([honest, namedBy(() => 1_000)]);
  assert.equal(inbox, now);
  assert.deepEqual(asked, [0, 0, 1]);
});
