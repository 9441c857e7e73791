import type { Branch } from "../../reconciler/branch/branch.ts";
import { confirmedInbox } from "../../reconciler/inboxes/confirmedInbox.ts";
import { type FenceSide, fenceBlock, judgeFence, sideOf } from "../../reconciler/messages/fence.ts";
import type { Member } from "../../reconciler/policy/roleOf.ts";
import type { CoverageRecord, HeadId } from "../../reconciler/records/records.ts";
import type { MessageRecord, Opening, Taken } from "../../reconciler/records/timelineRecord.ts";
import type { BatchPlace } from "../../wire/batchPlace.ts";
import { FENCE_BLOCKS } from "../../wire/limits.ts";
import type { CoreParts } from "../group/core.ts";
import { knownCoverage } from "./knownCoverage.ts";

type Params = {
  readonly core: CoreParts<"database" | "finalityBlocks" | "inboxes">;
  readonly branch: Branch;
};
type Known = {
  readonly taken: Taken;
  readonly coverage: CoverageRecord | undefined;
  readonly side: FenceSide;
};

/** The verdict on one sealing, and the batches to ask nodes about before it is final. */
export type Judged = { readonly opening: Opening; readonly open: readonly BatchPlace[] };

/** Judges all sealings of a message by what is known now; those to `dead` epochs are undone. */
export async function judgeRecord(
  params: Params & { record: MessageRecord; dead?: ReadonlySet<HeadId> },
): Promise<{
  readonly openings: readonly Opening[];
  readonly open: readonly BatchPlace[];
}> {
  const { record, dead } = params;
  const sender = { inbox: record.content.inbox, installation: record.content.installation };
  const all = await Promise.all(
    record.openings.map((opening): Judged | Promise<Judged> =>
      dead?.has(opening.entry) && opening.verdict !== "told"
        ? { opening: judged({ opening, fence: opening.fence, verdict: "void" }), open: [] }
        : judgeOpening({ ...params, sender, opening }),
    ),
  );
  return { openings: all.map(({ opening }) => opening), open: all.flatMap(({ open }) => open) };
}

/**
 * Judges one sealing by what is known now. A sealing to an epoch that is not on the branch, from before this client
 * came back to the group, keeps its fence.
 */
export async function judgeOpening(params: Params & { sender: Member; opening: Opening }): Promise<Judged> {
  const { core, branch, sender, opening } = params;
  if (opening.verdict === "told") return { opening, open: [] };
  const isOnBranch = branch.places.has(opening.entry);
  if (!isOnBranch && (opening.verdict === "void" || opening.fence === undefined))
    return { opening, open: [] };
  const inbox = confirmedInbox(core.inboxes.get(sender.inbox));
  const fence = isOnBranch ? fenceBlock({ branch, head: opening.entry, sender, inbox }) : opening.fence;
  if (fence === undefined) return { opening: judged({ opening, fence, verdict: "counts" }), open: [] };
  const known = await Promise.all(
    (opening.taken ?? []).map(async (taken): Promise<Known> => {
      const coverage = await knownCoverage({ database: core.database, batch: taken });
      return { taken, coverage, side: sideOf({ fence, taken, coverage }) };
    }),
  );
  const verdict = judgeFence(known.map(({ side }) => side));
  const finalBlock = fence + FENCE_BLOCKS + core.finalityBlocks;
  const deciding = known.filter(({ taken, side }) => {
    if (verdict === "counts") return side === "before";
    return verdict === "pending" ? side === "unknown" : taken.anchorBlock < fence;
  });
  const isFinal = ({ coverage }: Known) => coverage !== undefined && coverage.asOf >= finalBlock;
  const isSettled = verdict === "counts" && deciding.some(isFinal);
  const open = isSettled ? [] : deciding.filter((one) => !isFinal(one)).map(({ taken }) => taken);
  return { opening: judged({ opening, fence, verdict }), open };
}

function judged(params: {
  opening: Opening;
  fence: number | undefined;
  verdict: Opening["verdict"];
}): Opening {
  const { opening, fence, verdict } = params;
  return opening.verdict === verdict && opening.fence === fence ? opening : { ...opening, fence, verdict };
}
