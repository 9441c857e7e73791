import { nodeWord } from "../../chain/layout/nodeWord.ts";
import { steadyMs } from "../../clock/steadyMs.ts";
import type { NodeRecord } from "../../rpc/nodeApi.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { Hex, NodeId } from "../../wire/ids.ts";
import { noteWithholding } from "../nodes/nodeLinks.ts";
import { tellLie } from "../witness/tellLie.ts";
import type { Witnesses } from "../witness/witnesses.ts";
import type { NodeList } from "./nodeList.ts";
import { provenRecords } from "./provenRecords.ts";

/**
 * Leaves nodes whose lists name final blocks that the registry denies, and tells the app. A node that names a new block
 * may read the chain faster or slower than others; a false final block is a lie.
 */
export function tellFalseList(params: {
  witnesses: Witnesses;
  lists: readonly NodeList[];
  /** The registry's words, as agreed on for the head. */
  words: ReadonlyMap<NodeId, Hex | undefined>;
  head: BlockRef;
}): void {
  const { witnesses, lists, words, head } = params;
  const truths = new Map(
    provenRecords(lists).flatMap((record) =>
      nodeWord(record) === words.get(record.node) ? [[record.node, record]] : [],
    ),
  );
  const finalBlock = head.number - witnesses.finalityBlocks;
  for (const list of lists) {
    const false_ = provenRecords([list]).find((record) => {
      const word = words.get(record.node);
      if (word === undefined || nodeWord(record) === word) return false;
      return isOldLie({ record, truth: truths.get(record.node), word, finalBlock });
    });
    if (!false_ || list.by === undefined) continue;
    noteWithholding(witnesses.links, list.by, steadyMs());
    tellLie(witnesses, {
      node: list.by,
      fact: `the node ${false_.node} in the registry`,
      said: textOf(false_),
      others: [{ by: "the registry's word", said: `${words.get(false_.node)}` }],
      isDecided: true,
    });
  }
}

const NOTHING: Hex = `0x${"00".repeat(32)}`;

function isOldLie(params: {
  record: NodeRecord;
  truth: NodeRecord | undefined;
  word: Hex;
  finalBlock: number;
}): boolean {
  const { record, truth, word, finalBlock } = params;
  const { registeredBlock, leftBlock, disabledBlock } = record;
  if (word === NOTHING) return registeredBlock <= finalBlock;
  if (!truth) return false;
  const isOld = (claimed: number | undefined, real: number | undefined) =>
    claimed !== undefined && claimed !== real && claimed <= finalBlock;
  return isOld(leftBlock, truth.leftBlock) || isOld(disabledBlock, truth.disabledBlock);
}

function textOf({ registeredBlock, leftBlock, disabledBlock }: NodeRecord): string {
  const left = leftBlock === undefined ? "" : `, left in block ${leftBlock}`;
  const disabled = disabledBlock === undefined ? "" : `, disabled in block ${disabledBlock}`;
  return `registered in block ${registeredBlock}${left}${disabled}`;
}
