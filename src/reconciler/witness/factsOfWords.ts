import { readEntryWord, type Words, type WordsList } from "../../wire/words.ts";
import type { Fact } from "./fact.ts";

const NOTHING = `0x${"00".repeat(32)}` as const;

/** Lists the facts that an answer claims, so that others can be asked about them. Pure. */
export function factsOfWords(params: { list: WordsList; words: Words }): Fact[] {
  const { list, words } = params;
  return [
    ...list.entries.map(
      (place, i): Fact => ({ kind: "entry", ...place, ...readEntryWord(words.entries[i] ?? NOTHING) }),
    ),
    ...list.inboxes.map((inbox, i): Fact => ({ kind: "history", inbox, word: words.inboxes[i] ?? NOTHING })),
    ...list.wallets.map((wallet, i): Fact => ({ kind: "wallet", wallet, inbox: words.wallets[i] })),
    ...list.nodes.map((node, i): Fact => ({ kind: "node", node, word: words.nodes[i] ?? NOTHING })),
    { kind: "node-count", count: words.nodeCount },
    ...list.checkpoints.map(
      (place, i): Fact => ({ kind: "checkpoint", place, headerHash: words.checkpoints[i] }),
    ),
    ...words.blocks.flatMap((block): Fact[] => (block === undefined ? [] : [{ kind: "block", block }])),
  ];
}
