import { steadyMs } from "../../clock/steadyMs.ts";
import { RELANDING_BLOCKS } from "../../reconciler/branch/vanished.ts";
import { factsAtHead } from "../../reconciler/entries/chainFacts.ts";
import type { EntryRecord } from "../../reconciler/records/records.ts";
import type { GroupView } from "../../reconciler/view/viewOfGroup.ts";
import type { Testimony } from "../../reconciler/witness/testimony.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { NodeId } from "../../wire/ids.ts";
import { VOID_BLOCKS } from "../../wire/limits.ts";
import type { RegistrySource } from "../asking/askRegistry.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { confirm } from "./adoptPage.ts";
import { agreeOn } from "./agreeOn.ts";

/** The time before a witness that did not agree is asked again. */
const ASK_AGAIN_MS = 1_000;

/**
 * Asks a witness whether the chain has this head, and a group's entries up to it are all that there are; if so,
 * confirms what is provisional. `again`: entries were dropped because they rest on what is not so, and are to be read
 * once more, where the caller can. Do not call it from within the group's queue.
 */
export async function agreeOnHead(params: {
  core: ChangingCore &
    CoreParts<
      "finalityBlocks" | "groups" | "inboxes" | "network" | "preferences" | "topicSums" | "witnesses"
    >;
  group: Group;
  node: NodeId;
  head: BlockRef;
  /** Where that is read from which verdicts rest on. */
  source: RegistrySource | undefined;
  readsOn: boolean;
  signal: AbortSignal;
}): Promise<Testimony | { readonly kind: "again" }> {
  const { core, group, head, source, readsOn } = params;
  const { view } = group;
  const testimony = await agreeOn({ ...params, claim: factsAtHead({ group, head }) });
  if (testimony.kind !== "agreed") return testimony;
  const isAgain = await group.queue.run(async () => {
    // What was read meanwhile was asked about on its own.
    return group.view.entries === view.entries && (await confirm({ core, group, source, readsOn, head }));
  });
  return isAgain ? { kind: "again" } : testimony;
}

/**
 * True if something waits for the head that a group is read up to: most heads decide nothing, and no witness is asked.
 */
export function isHeadDue({ core, group }: { core: CoreParts<"finalityBlocks">; group: Group }): boolean {
  const { view, processed, agreed, askedAtMs } = group;
  if (group.witness !== "agreed" && askedAtMs + ASK_AGAIN_MS > steadyMs()) return false;
  if (view.provisional.length > 0) return true;
  if (processed.number <= agreed.number) return false;
  if (isWaiting(view)) return true;
  const due = dueBlock({ group, finalityBlocks: core.finalityBlocks });
  return due !== undefined && due <= processed.number;
}

/** True while a joiner waits for the entry that its Welcome named: how long is counted from an agreed head. */
function isWaiting({ record, entries }: GroupView): boolean {
  return record.status === "joining" && !record.fork && !entries.has(record.start.head);
}

/** Finds the first block after the agreed one from which on something is final, given up or too late. */
function dueBlock(params: { group: Group; finalityBlocks: number }): number | undefined {
  const { group, finalityBlocks } = params;
  const { view, due: known } = group;
  const { number: agreed } = group.agreed;
  if (known?.view === view && (known.block === undefined || known.block > agreed)) return known.block;
  const { fork, awaited } = view.record;
  const due = [
    ...[...view.entries.values()].flatMap((entry) => dueOf({ entry, finalityBlocks })),
    ...(fork && !fork.isGivenUp ? [fork.block + RELANDING_BLOCKS] : []),
    ...(awaited ? [awaited.untilBlock] : []),
    ...[...view.held.rows.values()].map(({ anchorBlock }) => anchorBlock + finalityBlocks + 1),
  ].filter((block) => block > agreed);
  const first = due.reduce<number | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined);
  group.due = { view, block: first };
  return first;
}

function dueOf(params: { entry: EntryRecord; finalityBlocks: number }): number[] {
  const { block, verdict } = params.entry;
  const final = block.number + params.finalityBlocks;
  switch (verdict.kind) {
    case "adopted":
    case "void":
      return [final, final + VOID_BLOCKS];
    case "before-start":
      return [final];
    case "cut-off":
      return [block.number + VOID_BLOCKS, final + VOID_BLOCKS];
    default:
      return [];
  }
}
