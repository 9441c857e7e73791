import { nodeWord } from "../../src/chain/layout/nodeWord.ts";
import type { IndexableRecord } from "../../src/store/node/indexableRecord.ts";
import { stepOf } from "../../src/store/node/stepOf.ts";
import { nextWord, signaturesOf } from "../../src/wire/identityStep.ts";
import {
  asAddress,
  type EntryId,
  type GroupId,
  type Hex,
  type InboxId,
  type NodeId,
  toHex,
} from "../../src/wire/ids.ts";
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

/** What the contracts hold at the end of a block of the chain in memory: see src/chain/read/readWords.ts. */
export function readMemoryWords(params: { chain: MemoryChain; question: WordsQuestion }): WordsAnswer {
  const { chain, question } = params;
  const head = headOf(chain)?.ref;
  const block = chain.blocks.find(({ ref }) => ref.hash === question.block);
  if (!block) return { head, words: undefined };
  return { head, words: wordsAt({ chain, block, question }) };
}

function wordsAt(params: { chain: MemoryChain; block: Block; question: WordsQuestion }): Words {
  const { chain, block, question } = params;
  const { entries, inboxes, nodes } = contentsAt(chain, block);
  const { number: last } = block.ref;
  return {
    block: block.ref,
    entries: question.entries.map(({ group, id }) => {
      const entry = entries.get(id);
      return entry && (entry.group === group || id === group) ? entryWord(entry) : NOTHING;
    }),
    inboxes: question.inboxes.map((inbox) => inboxes.get(inbox)?.word ?? NOTHING),
    wallets: question.wallets.map((wallet) => block.state.wallets.get(wallet)?.inbox),
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

/** What the contracts hold at the end of a block. */
type Contents = {
  readonly entries: Map<EntryId | GroupId, EntryWord & { readonly group: GroupId }>;
  readonly inboxes: Map<InboxId, { readonly word: Hex; readonly salt: Hex | undefined }>;
  /** Words: nothing but the registration changes one here. */
  readonly nodes: Map<NodeId, Hex>;
};

/** Blocks never change. */
const known = new WeakMap<Block, Contents>();

/** By the records of all blocks up to this one. */
function contentsAt(chain: MemoryChain, block: Block): Contents {
  const blocks = chain.blocks.slice(0, chain.blocks.indexOf(block) + 1);
  const after = blocks.findLastIndex((one) => known.has(one));
  const former = blocks[after];
  const start = former && known.get(former);
  const contents: Contents = {
    entries: new Map(start?.entries),
    inboxes: new Map(start?.inboxes),
    nodes: new Map(start?.nodes),
  };
  for (const { records } of blocks.slice(after + 1)) for (const record of records) apply(contents, record);
  known.set(block, contents);
  return contents;
}

function apply({ entries, inboxes, nodes }: Contents, record: IndexableRecord): void {
  const { number } = record.block;
  if (record.kind === "node-registered") nodes.set(record.node, wordOfNode(record, number));
  if (record.kind === "entry") {
    const { group, id, parent, index, authority } = record;
    const root = { group, authority: NOBODY, block: 0, index: 0 };
    entries.set(parent, { ...(entries.get(parent) ?? root), children: index + 1 });
    entries.set(id, { group, authority, block: number, index, children: 0 });
  }
  if (!("inbox" in record)) return;
  const { inbox } = record;
  const { word, salt } = inboxes.get(inbox) ?? { word: NOTHING, salt: undefined };
  if (record.kind === "inbox-created") inboxes.set(inbox, { word, salt: record.salt });
  const step = stepOf({ record, salt });
  if (step === undefined) return;
  const signatures = signaturesOf({ inbox, step });
  inboxes.set(inbox, { word: nextWord({ word, step, signatures }), salt: undefined });
}

function wordOfNode(record: IndexableRecord & { kind: "node-registered" }, registeredBlock: number): Hex {
  const { operator, bondWei, multiaddrs, httpAddress } = record;
  return nodeWord({
    ...{ operator, bondWei, multiaddrs, httpAddress, registeredBlock, generation: 1n, withdrawableAt: 0 },
    ...{ leftBlock: undefined, disabledBlock: undefined, isDropped: false, shards: record.shards },
    signingKey: toHex(record.signingKey),
    peerId: toHex(record.peerId),
    peerProof: toHex(record.peerProof),
  });
}
