import type { CoveragePage } from "../../../src/rpc/nodeApi.ts";
import type { BatchPlace } from "../../../src/wire/batchPlace.ts";
import { headOf, type MemoryChain } from "../memoryChain.ts";
import { withRecords } from "./falseChain.ts";
import type { Lie, Scene } from "./lie.ts";

/** What covers batches by the checkpoints of another chain. */
export function forgedCoverage(params: {
  page: CoveragePage;
  chain: MemoryChain;
  batches: readonly BatchPlace[];
}): CoveragePage {
  const { page, chain } = params;
  const head = headOf(chain)?.ref;
  const batches = page.batches.map((coverage) => {
    if (coverage.kind !== "covered") return coverage;
    const { headerHash } = coverage.checkpoint;
    const told = chain.blocks.find(({ records }) =>
      records.some((record) => record.kind === "checkpoint" && record.headerHash === headerHash),
    );
    if (!told) return { kind: "uncovered" } as const;
    return { ...coverage, checkpoint: { ...coverage.checkpoint, block: told.ref.number } };
  });
  return { ...page, batches, head };
}

/** Checkpoints of all nodes in other blocks than theirs, or none at all from now on. */
export function checkpointLie({ detail, since }: Scene): Lie {
  if (detail % 2 === 0) {
    return {
      name: "checkpoints left out",
      forge: (blocks) =>
        blocks.map((block) => {
          const records = block.records.filter(({ kind }) => kind !== "checkpoint");
          return block.ref.number <= since || records.length === block.records.length
            ? block
            : { ...block, records };
        }),
    };
  }
  return {
    name: "checkpoints in an earlier block",
    forge: (blocks) => {
      const isLater = (number: number, kind: string): boolean => kind === "checkpoint" && number > since;
      const moved = blocks.flatMap(({ ref, records }) =>
        records.filter(({ kind }) => isLater(ref.number, kind)),
      );
      if (moved.length === 0) return blocks;
      return blocks.map((block) => {
        const { number } = block.ref;
        if (number === since) {
          const behind = moved.map((record, i) => ({ ...record, logIndex: INVENTED_LOG_INDEX + i }));
          return withRecords(block, [...block.records, ...behind]);
        }
        const records = block.records.filter(({ kind }) => !isLater(number, kind));
        return records.length === block.records.length ? block : { ...block, records };
      });
    },
  };
}

const INVENTED_LOG_INDEX = 3_000;
