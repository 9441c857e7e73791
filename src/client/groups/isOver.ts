import type { Group } from "./group.ts";

/** True once a removal of this client is beyond reach of reorganizations: there is nothing more to read. */
export function isOver(params: { group: Group; finalityBlocks: number }): boolean {
  const { group, finalityBlocks } = params;
  const { record, entries } = group.view;
  if (record.status !== "removed") return false;
  const removal = [...entries.values()].find(
    ({ parent, verdict }) => parent === record.head && verdict.kind === "adopted",
  );
  return removal === undefined || removal.block.number + finalityBlocks <= group.processed.number;
}
