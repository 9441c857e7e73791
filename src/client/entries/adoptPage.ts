import { steadyMs } from "../../clock/steadyMs.ts";
import type { PageNews } from "../../reconciler/entries/planPage.ts";
import type { EntryRecord } from "../../reconciler/records/records.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import { forgetInboxes, type RegistrySource } from "../asking/askRegistry.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { receiveEntries } from "./receiveEntries.ts";
import { rollBackGroup } from "./rollBackGroup.ts";
import { settleRests } from "./settleRests.ts";

/**
 * Takes in a page's news: drops what is no longer on the chain and receives what is new, provisionally unless it was
 * agreed on. Call it from within the group's queue, with a plan that was made for what the group holds now. Returns
 * true if more had to go than what the page contradicts: the caller must then read on from there again.
 */
export async function adoptPage(
  params: RegistrySource & {
    group: Group;
    plan: PageNews;
    isAgreed: boolean;
  },
): Promise<boolean> {
  const { core, group, reading, plan, isAgreed } = params;
  const { lost, fresh, from, head, isComplete, touched, differsFrom } = plan;
  const provisional = group.view.provisional.map(({ id }) => id);
  if (isAgreed) {
    const gone = lost.map(({ id }) => id);
    if (await confirm({ ...params, source: params, readsOn: true, gone, ...(isComplete ? { head } : {}) }))
      return true;
  }
  if (!isComplete || differsFrom) group.unproven = new Set([...group.unproven, ...provisional, ...touched]);
  if (lost.length > 0 || differsFrom) {
    await forgetInboxes({ core, reading, afterBlock: from?.block ?? 0 });
    const gone = new Set<string>(lost.map(({ id }) => id));
    const voids = ({ id }: EntryRecord) => gone.has(id);
    const isMore = await rollBackGroup({ core, group, voids, from: differsFrom });
    if (isMore || differsFrom) return true;
  }
  const entries = isAgreed ? fresh : fresh.map((entry) => ({ ...entry, isProvisional: true as const }));
  await receiveEntries({ ...params, entries });
  return false;
}

/**
 * Confirms all that is provisional, besides what is gone, after a witness has agreed to its place. What a verdict rests
 * on is confirmed by way of `source`, or stays provisional. If a verdict rests on what is not so and the caller reads
 * on, its entry and all after it are dropped, to be judged again. Call it from within the group's queue. Returns true
 * if entries were dropped.
 */
export async function confirm(params: {
  core: ChangingCore & CoreParts<"finalityBlocks" | "inboxes" | "topicSums">;
  group: Group;
  source: RegistrySource | undefined;
  readsOn: boolean;
  gone?: readonly string[];
  /** The head that was agreed on; undefined: some entries up to it are not read yet. */
  head?: BlockRef;
}): Promise<boolean> {
  const { core, group, source, readsOn, gone = [], head } = params;
  const waiting = group.view.provisional.filter(({ id }) => !gone.includes(id));
  const { confirmed, misjudged } = await settleRests({ entries: waiting, known: core.inboxes, source });
  const entries = confirmed.map(({ isProvisional: _, restsOn: __, ...entry }) => entry);
  if (entries.length > 0) await changeGroup({ core, group, change: { entries } });
  if (misjudged && readsOn) {
    core.logger.warn({ group: group.id, entry: misjudged.id }, "one node alone had told what it rests on");
    await rollBackGroup({ core, group, voids: ({ id }) => id === misjudged.id });
    return true;
  }
  if (!head) return false;
  group.agreed = head;
  group.unproven = new Set();
  group.agreedAtMs = steadyMs();
  return false;
}
