import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chainFacts, factsAtHead } from "../../src/reconciler/entries/chainFacts.ts";
import { isAgreed, withRefusal } from "../../src/reconciler/nodes/refusals.ts";
import type { EntryRecord, HeadId } from "../../src/reconciler/records/records.ts";
import { emptyGroupView, viewOfGroup } from "../../src/reconciler/view/viewOfGroup.ts";
import { compareWords } from "../../src/reconciler/witness/compareWords.ts";
import { decideBetween } from "../../src/reconciler/witness/decideBetween.ts";
import { drawBySecret } from "../../src/reconciler/witness/drawBySecret.ts";
import { factsOf } from "../../src/reconciler/witness/fact.ts";
import { factsOfWords } from "../../src/reconciler/witness/factsOfWords.ts";
import { nextOperators } from "../../src/reconciler/witness/nextOperators.ts";
import type { Word } from "../../src/reconciler/witness/testimony.ts";
import { wordOf } from "../../src/reconciler/witness/wordOf.ts";
import { type Address, asAddress, type Hex, type InboxId, type NodeId } from "../../src/wire/ids.ts";
import { entryWord, type Words, type WordsList } from "../../src/wire/words.ts";
import { adopted, dead, entry, group, id, lineage, other, viewWith } from "../support/testBranch.ts";
import { testId } from "../support/testIntent.ts";

const operator = (digit: number): Address => asAddress(new Uint8Array(20).fill(digit));
const nodeOf = (digit: number) => testId<never>(digit) as Hex as NodeId;
const node = (digit: number, by: number) => ({ node: nodeOf(digit), operator: operator(by) });
const block = (number: number, hash: Hex = `0x0${number % 10}`) => ({ number, hash, time: 10 * number });

test("of each operator one is asked, the first in rank, and none of whoever is to be confirmed", () => {
  const ranked = [node(1, 1), node(2, 2), node(3, 1), node(4, 3), node(5, 2)];
  const next = (besides: Address | undefined) => nextOperators({ ranked, besides }).map((one) => one.node);
  assert.deepEqual(next(undefined), [nodeOf(1), nodeOf(2), nodeOf(4)]);
  assert.deepEqual(next(operator(2)), [nodeOf(1), nodeOf(4)]);
});

test("the order drawn by a secret is that of operators, the same for each order given, another for another secret", () => {
  const nodes = Array.from({ length: 12 }, (_, i) => node(i, i));
  const draw = (digit: number, of = nodes) =>
    drawBySecret({ secret: new Uint8Array(32).fill(digit), nodes: of }).map((one) => one.node);
  assert.deepEqual(draw(1, nodes.toReversed()), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
  const one = draw(1, [...nodes, node(99, 5)]);
  assert.equal(
    Math.abs(one.indexOf(nodeOf(99)) - one.indexOf(nodeOf(5))),
    1,
    "two of one operator are one draw",
  );
});

test("a reason is agreed on by two operators, or by the one that there is, each by its latest word", () => {
  const said = (...words: [number, "too-large" | "malformed"][]) =>
    words.reduce(
      (all, [by, code]) => withRefusal(all, { operator: operator(by), code }),
      withRefusal([], {
        ...{ operator: operator(9), code: "internal" },
      }),
    );
  const agreed = (refusals: ReturnType<typeof said>, operators = 3) =>
    isAgreed({ refusals, code: "too-large", operators });
  assert.equal(agreed(said([1, "too-large"], [1, "too-large"])), false);
  assert.equal(agreed(said([1, "too-large"], [2, "too-large"])), true);
  assert.equal(agreed(said([1, "too-large"], [2, "too-large"], [1, "malformed"])), false);
  assert.equal(agreed(said([1, "too-large"]), 1), true);
  assert.equal(agreed(said(), 0), false, "nobody has said it");
  assert.deepEqual(said([1, "malformed"], [1, "too-large"]).at(-1), {
    ...{ operator: operator(1), code: "too-large", times: 2 },
  });
});

const list: WordsList = {
  entries: [{ group, id: id(3) }],
  inboxes: [testId<InboxId>(4)],
  wallets: [operator(5), operator(6)],
  nodes: [nodeOf(7)],
  checkpoints: [{ log: { node: nodeOf(7), generation: 1n, shard: 0 }, sequence: 5n, block: 8 }],
  blocks: [8, 99],
};
const words: Words = {
  block: block(9),
  entries: [entryWord({ authority: operator(1), block: 8, index: 2, children: 1 })],
  inboxes: [`0x${"ab".repeat(32)}`],
  wallets: [testId<InboxId>(4), undefined],
  nodes: [`0x${"cd".repeat(32)}`],
  nodeCount: 12,
  checkpoints: [undefined],
  blocks: [block(8), undefined],
};

test("what an answer claims is what the same answer confirms", () => {
  const facts = factsOfWords({ list, words });
  assert.equal(
    compareWords({ head: words.block, facts, words: { ...words, blocks: [block(8)] } }),
    undefined,
  );
  assert.deepEqual(
    factsOf(facts, "block"),
    [{ kind: "block", block: block(8) }],
    "none that comes after its head",
  );
});

test("every word that differs contradicts the claim, and says what it is about", () => {
  const facts = factsOfWords({ list, words });
  const plain = { ...words, blocks: [block(8)] };
  const word = (one: Partial<Parameters<typeof entryWord>[0]>) => [
    entryWord({ ...{ authority: operator(1), block: 8, index: 2, children: 1 }, ...one }),
  ];
  const others: [RegExp, Partial<Words>][] = [
    [/^the block$/, { block: block(9, "0x77") }],
    [/^the entry/, { entries: word({ index: 3 }) }],
    [/^the entry/, { entries: [] }],
    [/^the history/, { inboxes: [`0x${"00".repeat(32)}`] }],
    [/^the inbox of the wallet/, { wallets: [undefined, undefined] }],
    [/^the inbox of the wallet/, { wallets: [testId<InboxId>(4), testId<InboxId>(5)] }],
    [/^the node /, { nodes: [`0x${"ce".repeat(32)}`] }],
    [/^the number of nodes/, { nodeCount: 13 }],
    [/^the checkpoint/, { checkpoints: [`0x${"ef".repeat(32)}`] }],
    [/^the block 8/, { blocks: [block(8, "0x77")] }],
    [/^the block 8/, { blocks: [] }],
  ];
  for (const [about, change] of others) {
    const difference = compareWords({ head: words.block, facts, words: { ...plain, ...change } });
    assert.match(difference?.fact ?? "", about);
  }
  const withheld = (children: number) =>
    compareWords({ head: words.block, facts, words: { ...plain, entries: word({ children }) } })?.isWithheld;
  assert.deepEqual(
    [withheld(2), withheld(0)],
    [true, undefined],
    "more children than were told are left out",
  );
  const moved = { ...plain, entries: word({ index: 3 }) };
  assert.equal(compareWords({ head: words.block, facts, words: moved })?.isWithheld, undefined, "as many");
});

test("a witness without the block contradicts it only where no reorganization can bring it back", () => {
  const head = block(9);
  const at = (own: number | undefined) =>
    wordOf({
      head,
      facts: [],
      answer: { head: own === undefined ? own : block(own), words: undefined },
      finalityBlocks: 5,
    });
  assert.equal(at(undefined).kind, "lacks");
  assert.equal(at(13).kind, "lacks");
  assert.equal(at(14).kind, "other");
  const answer = { head: block(9), words: { ...words, block: head } };
  assert.deepEqual(wordOf({ head, facts: [], answer, finalityBlocks: 5 }), { kind: "same" });
  assert.equal(wordOf({ head: block(9, "0x77"), facts: [], answer, finalityBlocks: 5 }).kind, "other");
});

const zero = `0x${"00".repeat(20)}`;

test("a claim names where entries stand, zeros for what is gone, children only where all were told", () => {
  const entries = new Map<HeadId, EntryRecord | undefined>([
    [group, undefined],
    [id(2), entry(2, 1, dead)],
    [id(9), undefined],
  ]);
  const children = new Map<HeadId, number>([
    [group, 1],
    [id(2), 3],
  ]);
  const claim = (all: Partial<Parameters<typeof chainFacts>[0]> = {}) =>
    factsOf(chainFacts({ group, head: block(9), entries, children, blocks: [], ...all }).facts, "entry");
  assert.deepEqual(
    claim().map((one) => one.children),
    [1, 3, 0],
  );
  assert.deepEqual(
    claim().map((one) => one.block),
    [0, 2, 0],
  );
  assert.deepEqual(claim().at(-1)?.authority, zero);
  assert.deepEqual(
    claim({ children: undefined }).map((one) => one.children),
    [undefined, undefined, 0],
  );
  const uncounted = new Set([id(2)]);
  assert.deepEqual(
    claim({ uncounted }).map((one) => one.children),
    [1, undefined, 0],
  );
});

test("a claim names each block once, and its head by itself", () => {
  const { head, facts } = chainFacts({
    ...{ group, head: block(9), entries: new Map(), children: undefined },
    blocks: [block(8), block(9), block(8)],
  });
  assert.deepEqual([head, facts], [block(9), [{ kind: "block", block: block(8) }]]);
});

test("at a head it is asked about the group's head, what one node alone has told, and what was not told to the end", () => {
  const provisional = { ...entry(4, 3, dead), isProvisional: true as const };
  const entries = [...lineage, entry(3, 2, adopted(3, other)), provisional];
  const { record } = viewWith({ status: "member", entries, head: 3 });
  const view = viewOfGroup({
    ...emptyGroupView(record),
    entries: new Map(entries.map((one) => [one.id, one])),
  });
  const claim = factsAtHead({
    group: { id: group, view, unproven: new Set([id(1), id(8)]) },
    head: block(9),
  });
  assert.deepEqual(
    factsOf(claim.facts, "entry").map((one) => [one.id, one.children]),
    [
      [id(3), 1],
      [id(4), 0],
      [id(1), 1],
    ],
  );
  assert.deepEqual(
    factsOf(claim.facts, "block").map((one) => one.block),
    [provisional.block],
  );
});

test("two thirds of those who answer decide, and never both ways", () => {
  const word = fc.constantFrom<Word>(
    { kind: "same" },
    { kind: "lacks" },
    { kind: "mute" },
    { kind: "other", fact: "", claimed: "", said: "" },
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      const count = (kind: Word["kind"]) => words.filter((one) => one.kind === kind).length;
      const asked = 1 + words.length - count("mute");
      const decision = decideBetween(words);
      if (decision === "other") assert(count("other") / asked >= 2 / 3);
      else if (decision === "same") assert((count("same") + 1) / asked >= 2 / 3);
      else assert(count("other") < (2 / 3) * asked && count("same") + 1 < (2 / 3) * asked);
    }),
  );
});
