import { nodeWord } from "../../src/chain/nodeWord.ts";
import type { IndexableRecord } from "../../src/store/node/indexableRecord.ts";
import type { EntryId, GroupId, Hex, NodeId } from "../../src/wire/ids.ts";
import { asAddress, toHex } from "../../src/wire/ids.ts";
import {
  type EntryWord,
  entryWord,
  type Words,
  type WordsAnswer,
  type WordsQuestion,
} from "../../src/wire/words.ts";
import { type Block, blockNumbered, headOf, type MemoryChain } from "./memoryChain.ts";

const NOTHING: Hex = `0x${"00".repeat(32)}`;
const NOBODY = asAddress(new Uint8Array(20));

/** What the contracts hold at the end of a block of the chain in memory: see src/chain/readWords.ts. */
export function readMemoryWords(params: { chain: MemoryChain; question: WordsQuestion }): WordsAnswer {
  const { chain, question } = params;
  const head = headOf(chain)?.ref;
  const block = chain.blocks.find(({ ref }) => ref.hash === question.block);
  if (!block) return { head, words: undefined };
  return { head, words: wordsAt({ chain, block, question }) };
}

function wordsAt(params: { chain: MemoryChain; block: Block; question: WordsQuestion }): Words {
  const { chain, block, question } = params;
  const { entries, nodes } = contentsAt(chain, block);
  const { number: last } = block.ref;
  const { inboxes, wallets } = question;
  return {
    block: block.ref,
    entries: question.entries.map(({ group, id }) => {
      const entry = entries.get(id);
      return entry && (entry.group === group || id === group) ? entryWord(entry) : NOTHING;
    }),
    inboxes: inboxes.map(() => NOTHING),
    wallets: wallets.map((wallet) => block.state.wallets.get(wallet)?.inbox),
    nodes: question.nodes.map((node) => nodes.get(node) ?? NOTHING),
    nodeCount: nodes.size,
    checkpoints: question.checkpoints.map(({ log, sequence, block: number }) => {
      const records = number > last ? [] : (blockNumbered(chain, number)?.records ?? []);
      for (const record of records) {
        if (record.kind !== "checkpoint" || record.node !== log.node) continue;
        const { shard, generation } = record;
        if (shard !== log.shard || generation !== log.generation || record.sequence !== sequence) continue;
        return record.headerHash;
      }
      return undefined;
    }),
    blocks: question.blocks.map((number) => (number > last ? undefined : blockNumbered(chain, number)?.ref)),
  };
}

type Contents = {
  readonly entries: ReadonlyMap<EntryId | GroupId, EntryWord & { readonly group: GroupId }>;
  /** Words: nothing but the registration changes one here. */
  readonly nodes: ReadonlyMap<NodeId, Hex>;
};

/** By the records of all blocks up to this one. */
function contentsAt(chain: MemoryChain, block: Block): Contents {
  const entries = new Map<EntryId | GroupId, EntryWord & { readonly group: GroupId }>();
  const nodes = new Map<NodeId, Hex>();
  for (const { ref, records } of chain.blocks) {
    if (ref.number > block.ref.number) break;
    for (const record of records) {
      if (record.kind === "node-registered") nodes.set(record.node, wordOfNode(record, ref.number));
      if (record.kind !== "entry") continue;
      const { group, id, parent, index, authority } = record;
      const root = { group, authority: NOBODY, block: 0, index: 0 };
      entries.set(parent, { ...(entries.get(parent) ?? root), children: index + 1 });
      entries.set(id, { group, authority, block: ref.number, index, children: 0 });
    }
  }
  return { entries, nodes };
}

function wordOfNode(record: IndexableRecord & { kind: "node-registered" }, registeredBlock: number): Hex {
  const { operator, bondWei, multiaddrs, httpAddress } = record;
  return nodeWord({
    ...{ operator, bondWei, multiaddrs, httpAddress, registeredBlock, generation: 1n, withdrawableAt: 0 },
    ...{ leftBlock: undefined, disabledBlock: undefined },
    signingKey: toHex(record.signingKey),
    peerId: toHex(record.peerId),
  });
}
