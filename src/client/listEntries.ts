import { compareEntries } from "../reconciler/branch/compareEntries.ts";
import type { EntryRecord, HeadId } from "../reconciler/records/records.ts";
import type { Verdict } from "../reconciler/records/verdict.ts";
import type { BlockRef } from "../wire/blockRef.ts";
import type { EntryId, GroupId } from "../wire/ids.ts";
import { type Client, coreOf, groupOf } from "./client.ts";

/** An entry of a group as this client has read and judged it. */
export type ListedEntry = {
  readonly entry: EntryId;
  /** The entry that it builds on; the group id for the first one. */
  readonly parent: HeadId;
  /** Its place among the children of its parent. */
  readonly index: number;
  readonly block: BlockRef;
  readonly logIndex: number;
  readonly verdict: ListedVerdict;
  /** True while only one operator tells of it. */
  readonly isProvisional: boolean;
};

/** What became of an entry. `dead`: another child of its parent came first, or its parent is no head. */
export type ListedVerdict =
  | Exclude<Verdict, { kind: "control" | "void" }>
  /** Counts without opening an epoch; `control` says what it does. */
  | (Omit<Extract<Verdict, { kind: "control" }>, "instruction" | "proof"> & {
      readonly control: Extract<Verdict, { kind: "control" }>["instruction"]["kind"];
    })
  | Omit<Extract<Verdict, { kind: "void" }>, "owed">;

/** Dead entries that are counted and not kept: anybody who once had an epoch's keys can write them without end. */
export type CountedDead = { readonly parent: HeadId; readonly count: number; readonly lastBlock: number };

/**
 * Lists the entries of a group that this client has read, in the order of the chain, each with its verdict, and counts
 * of the dead ones that are not kept. Throws `unknown-group`.
 */
export function listEntries(params: { client: Client; group: GroupId }): {
  readonly entries: readonly ListedEntry[];
  readonly dead: readonly CountedDead[];
} {
  const core = coreOf(params.client);
  const { view } = groupOf(core, params.group);
  const runs = [...view.dead.values()].flat();
  return {
    entries: [...view.entries.values()].sort(compareEntries).map(listedEntry),
    dead: runs.map(({ parent, count, block }) => ({ parent, count, lastBlock: block.number })),
  };
}

/** What an app sees of an entry. */
export function listedEntry(record: EntryRecord): ListedEntry {
  const { id: entry, parent, index, block, logIndex, verdict, isProvisional = false } = record;
  return { entry, parent, index, block, logIndex, verdict: listedVerdict(verdict), isProvisional };
}

function listedVerdict(verdict: Verdict): ListedVerdict {
  switch (verdict.kind) {
    case "control": {
      const { kind, epoch, writer, instruction } = verdict;
      return { kind, epoch, writer, control: instruction.kind };
    }
    case "void": {
      const { owed: _, ...told } = verdict;
      return told;
    }
    default:
      return verdict;
  }
}
