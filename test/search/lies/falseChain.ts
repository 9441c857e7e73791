import { sha256 } from "#crypto";
import { utf8 } from "../../../src/wire/bytes.ts";
import { type EntryId, type GroupId, type Hex, toHex } from "../../../src/wire/ids.ts";
import type { RecordBody } from "../chainRules.ts";
import type { Block } from "../memoryChain.ts";
import type { Forge, Lie } from "./lie.ts";

/** Behind whatever a block truly has. */
const INVENTED_LOG_INDEX = 2_000;

type Record = Block["records"][number];

/** A chain as it is told, and which lies have changed it. */
export type Told = { readonly blocks: readonly Block[]; readonly effective: readonly string[] };

/**
 * The chain as somebody tells it who lies: consistent in itself, so that every answer about it goes with all others.
 * `salt`: blocks from the first changed one on get hashes that nobody else knows; undefined: they keep theirs.
 */
export function falsify(params: {
  blocks: readonly Block[];
  lies: readonly Lie[];
  salt: string | undefined;
}): Told {
  const { blocks, lies, salt } = params;
  const effective: string[] = [];
  let told = blocks;
  for (const { name, forge } of lies) {
    const before = told;
    told = forge?.(before) ?? before;
    const isSame = told.length === before.length && told.every((block, i) => block === before[i]);
    if (!isSame) effective.push(name);
  }
  if (effective.length === 0) return { blocks, effective };
  const numbered = apart(renumber(told), blocks);
  const marked = salt === undefined ? numbered : rehash({ blocks: numbered, truth: blocks, salt });
  return { blocks: marked, effective };
}

/** What is worked out of a block and those before it belongs to one chain: from the first change on all are others. */
function apart(told: readonly Block[], truth: readonly Block[]): readonly Block[] {
  const first = told.findIndex((block, i) => block !== truth[i]);
  return told.map((block, i) => (first >= 0 && i >= first ? { ...block } : block));
}

/** As if a block that everybody has by now had held these, too. */
export function insertion(number: number, bodies: readonly RecordBody[]): Forge {
  return (blocks) =>
    blocks.map((one) => {
      if (one.ref.number !== number) return one;
      const logIndex = INVENTED_LOG_INDEX + one.records.length;
      const records = bodies.map((body, i) => ({ ...body, block: one.ref, logIndex: logIndex + i }));
      return withRecords(one, [...one.records, ...records]);
    });
}

/** A block with other records. */
export function withRecords(block: Block, records: readonly Record[]): Block {
  return { ...block, records: records.map((record) => ({ ...record, block: block.ref })) };
}

export function hashOf(what: string): Hex {
  return toHex(sha256(utf8(what)));
}

/** Every entry once and only on what was told before, its index by the order in which it is told. */
function renumber(blocks: readonly Block[]): readonly Block[] {
  const known = new Set<EntryId | GroupId>();
  const children = new Map<EntryId | GroupId, number>();
  return blocks.map((block) => {
    let isChanged = false;
    const records = block.records.flatMap((record): Record[] => {
      if (record.kind !== "entry") return [record];
      const index = children.get(record.parent) ?? 0;
      const hasParent = record.parent === record.group || known.has(record.parent);
      if (known.has(record.id) || !hasParent) {
        isChanged = true;
        return [];
      }
      known.add(record.id);
      children.set(record.parent, index + 1);
      if (index === record.index) return [record];
      isChanged = true;
      return [{ ...record, index }];
    });
    return isChanged ? { ...block, records } : block;
  });
}

function rehash(params: { blocks: readonly Block[]; truth: readonly Block[]; salt: string }): Block[] {
  const { blocks, truth, salt } = params;
  let parent: Hex | undefined;
  return blocks.map((block, i) => {
    if (parent === undefined && block === truth[i]) return block;
    const { number, hash: trueHash } = block.ref;
    const hash = hashOf(`${salt} ${number} ${trueHash} ${parent ?? ""}`);
    parent = hash;
    return withRecords({ ...block, ref: { ...block.ref, hash } }, block.records);
  });
}
