import type { BlockRef } from "../../wire/blockRef.ts";
import { readEntryWord, type Words } from "../../wire/words.ts";
import { type Fact, type FactOf, factsOf } from "./fact.ts";

/** Where two answers differ, in words for people. */
export type Difference = {
  readonly fact: string;
  readonly claimed: string;
  readonly said: string;
  /** The entry has more children than were told. */
  readonly isWithheld?: true;
};

/** Describes what a fact is about, in words for people. */
export function subjectOf(fact: Fact): string {
  switch (fact.kind) {
    case "entry":
      return `the entry ${fact.id}`;
    case "history":
      return `the history of the inbox ${fact.inbox}`;
    case "wallet":
      return `the inbox of the wallet ${fact.wallet}`;
    case "node":
      return `the node ${fact.node} in the registry`;
    case "node-count":
      return "the number of nodes in the registry";
    case "checkpoint": {
      const { log, sequence, block } = fact.place;
      return `the checkpoint of the node ${log.node} for sequence ${sequence} in block ${block}`;
    }
    case "block":
      return `the block ${fact.block.number}`;
  }
}

/** Finds the first of these facts about which the two answers differ; undefined if they agree on all facts. Pure. */
export function compareWords(params: {
  head: BlockRef;
  facts: readonly Fact[];
  /** The answer to the question that these facts make. */
  words: Words;
}): Difference | undefined {
  const { head, facts, words } = params;
  const differences = [
    differs("the block", blockText(head), blockText(words.block)),
    ...factsOf(facts, "entry").map((fact, i) => compareEntry(fact, words.entries[i])),
    ...factsOf(facts, "history").map((fact, i) => differs(subjectOf(fact), fact.word, words.inboxes[i])),
    ...factsOf(facts, "wallet").map((fact, i) =>
      differs(subjectOf(fact), fact.inbox ?? "none", words.wallets[i] ?? "none"),
    ),
    ...factsOf(facts, "node").map((fact, i) => differs(subjectOf(fact), fact.word, words.nodes[i])),
    ...factsOf(facts, "node-count").map((fact) =>
      differs(subjectOf(fact), `${fact.count}`, `${words.nodeCount}`),
    ),
    ...factsOf(facts, "checkpoint").map((fact, i) =>
      differs(subjectOf(fact), fact.headerHash ?? "none", words.checkpoints[i] ?? "none"),
    ),
    ...factsOf(facts, "block").map((fact, i) => {
      const said = words.blocks[i];
      return differs(subjectOf(fact), blockText(fact.block), said ? blockText(said) : "none");
    }),
  ];
  return differences.find((one) => one !== undefined);
}

function compareEntry(
  fact: FactOf<"entry">,
  word: Words["entries"][number] | undefined,
): Difference | undefined {
  const { authority, block, index, children } = fact;
  const said = word && readEntryWord(word);
  const text = (one: { authority: string; block: number; index: number; children: number | undefined }) =>
    `block ${one.block}, index ${one.index}, authority ${one.authority}` +
    (children === undefined ? "" : `, ${one.children} children`);
  const claimed = text({ authority, block, index, children });
  const difference = differs(subjectOf(fact), claimed, said === undefined ? "nothing" : text(said));
  const isWithheld = said !== undefined && children !== undefined && said.children > children;
  return difference && { ...difference, ...(isWithheld ? { isWithheld } : {}) };
}

function differs(fact: string, claimed: string, said: string | undefined): Difference | undefined {
  return claimed === said ? undefined : { fact, claimed, said: said ?? "nothing" };
}

function blockText({ number, hash, time }: BlockRef): string {
  return `number ${number}, hash ${hash}, time ${time}`;
}
