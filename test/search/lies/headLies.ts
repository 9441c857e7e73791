import type { Block } from "../memoryChain.ts";
import { hashOf, withRecords } from "./falseChain.ts";
import type { Lie, Scene } from "./lie.ts";

const MAX_DEPTH = 6;
/** More than a client puts up with. */
const LAG_BLOCKS = 30;
/** More than any lag or reorganization: what is said of it can only be a lie. */
const AHEAD_BLOCKS = 40;

/** About the chain's end: a reorganization that never was, an old head, a head that nobody has yet. */
export function headLie({ detail, since }: Scene): Lie {
  switch (detail % 4) {
    case 0:
      return rollbackLie(since, 1 + (detail % MAX_DEPTH));
    case 1:
      return { name: "a head that stands still", forge: (blocks) => upTo(blocks, since) };
    case 2:
      return {
        name: "an old head",
        forge: (blocks) => upTo(blocks, (blocks.at(-1)?.ref.number ?? 0) - LAG_BLOCKS),
      };
    default:
      return { name: "a head far ahead", needsOwnHashes: true, forge: (blocks) => shifted(blocks, since) };
  }
}

/** The last blocks before the lie lose what they had, one block after it has begun: so a stream tells a rollback. */
function rollbackLie(since: number, depth: number): Lie {
  return {
    name: "a reorganization that never was",
    needsOwnHashes: true,
    forge: (blocks) => {
      if ((blocks.at(-1)?.ref.number ?? 0) <= since + 1) return blocks;
      return blocks.map((block) => {
        const isUndone = block.ref.number > since + 1 - depth && block.ref.number <= since + 1;
        return isUndone ? { ...withRecords(block, []) } : block;
      });
    },
  };
}

function upTo(blocks: readonly Block[], last: number): readonly Block[] {
  return blocks.filter(({ ref }, i) => i === 0 || ref.number <= last);
}

/** Empty blocks without end behind the present head, and what truly comes behind those. */
function shifted(blocks: readonly Block[], since: number): readonly Block[] {
  const past = blocks.filter(({ ref }) => ref.number <= since);
  const last = past.at(-1);
  if (!last) return blocks;
  const empty = Array.from({ length: AHEAD_BLOCKS }, (_, i): Block => {
    const number = last.ref.number + 1 + i;
    const ref = { number, hash: hashOf(`ahead ${number} of ${last.ref.hash}`), time: last.ref.time + i };
    return { ...last, ref, transactions: [], records: [] };
  });
  const later = blocks.slice(past.length).map((block) => {
    const ref = {
      ...block.ref,
      number: block.ref.number + AHEAD_BLOCKS,
      time: block.ref.time + AHEAD_BLOCKS,
    };
    return withRecords({ ...block, ref }, block.records);
  });
  return [...past, ...empty, ...later];
}
