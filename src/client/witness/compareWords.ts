import { type ChainBlock, readEntryWord, type Words } from "../../wire/words.ts";
import { type Fact, type FactOf, factsOf } from "./fact.ts";

/** Where two answers differ, in words for people. */
export type Difference = {
  readonly fact: string;
  readonly claimed: string;
  readonly said: string;
  /** An entry has more children than were told. */
  readonly isWithheld?: true;
};

/** The first of these facts of which the words say otherwise; undefined if they say the same of all. Pure. */
export function compareWords(params: {
  head: ChainBlock;
  facts: readonly Fact[];
  /** Of the question that these facts make. */
  words: Words;
}): Difference | undefined {
  const { head, facts, words } = params;
  const differences = [
    differs("the block", blockText(head), blockText(words.block)),
    ...factsOf(facts, "entry").map((fact, i) => compareEntry(fact, words.entries[i])),
    ...factsOf(facts, "history").map(({ inbox, word }, i) =>
      differs(`the history of the inbox ${inbox}`, word, words.inboxes[i]),
    ),
    ...factsOf(facts, "wallet").map(({ wallet, inbox }, i) =>
      differs(`the inbox of the wallet ${wallet}`, inbox ?? "none", words.wallets[i] ?? "none"),
    ),
    ...factsOf(facts, "node").map(({ node, word }, i) =>
      differs(`the node ${node} in the registry`, word, words.nodes[i]),
    ),
    ...factsOf(facts, "node-count").map(({ count }) =>
      differs("the number of nodes in the registry", `${count}`, `${words.nodeCount}`),
    ),
    ...factsOf(facts, "checkpoint").map(({ place, headerHash }, i) => {
      const { log, sequence, block } = place;
      const what = `the checkpoint of the node ${log.node} for sequence ${sequence} in block ${block}`;
      return differs(what, headerHash ?? "none", words.checkpoints[i] ?? "none");
    }),
    ...factsOf(facts, "block").map(({ block }, i) => {
      const said = words.blocks[i];
      return differs(`the block ${block.number}`, blockText(block), said ? blockText(said) : "none");
    }),
  ];
  return differences.find((one) => one !== undefined);
}

function compareEntry(
  { id, authority, block, index, children }: FactOf<"entry">,
  word: Words["entries"][number] | undefined,
): Difference | undefined {
  const said = word && readEntryWord(word);
  const text = (one: { authority: string; block: number; index: number; children: number | undefined }) =>
    `block ${one.block}, index ${one.index}, authority ${one.authority}` +
    (children === undefined ? "" : `, ${one.children} children`);
  const claimed = text({ authority, block, index, children });
  const difference = differs(`the entry ${id}`, claimed, said === undefined ? "nothing" : text(said));
  const isWithheld = said !== undefined && children !== undefined && said.children > children;
  return difference && { ...difference, ...(isWithheld ? { isWithheld } : {}) };
}

function differs(fact: string, claimed: string, said: string | undefined): Difference | undefined {
  return claimed === said ? undefined : { fact, claimed, said: said ?? "nothing" };
}

function blockText({ number, hash, time }: ChainBlock): string {
  return `number ${number}, hash ${hash}, time ${time}`;
}
