import type { EnvelopeHash } from "../../wire/ids.ts";
import type { Receipt } from "../../wire/receipt.ts";
import type { ClientCore } from "../core.ts";
import type { GroupChange } from "../groups/changeGroup.ts";
import type { Group } from "../groups/group.ts";
import { changeOpenings } from "../timeline/insertMessage.ts";
import type { Opening } from "../timeline/record.ts";
import { fenceBlock, judgeFence } from "./fence.ts";
import { outcomeWrite } from "./judgeSenders.ts";
import type { Outcome } from "./outcome.ts";
import { readMessage, readSurroundings, timelineWrites } from "./timelineStore.ts";
import { verifyReceipts } from "./verifyReceipts.ts";

/** An opened envelope has come again: a receipt with an earlier anchor may take it over the fence. */
export async function addReceipts(params: {
  core: ClientCore;
  group: Group;
  arrival: { readonly hash: EnvelopeHash; readonly receipts: readonly Receipt[] };
  outcome: Outcome;
}): Promise<GroupChange> {
  const { core, group, arrival, outcome } = params;
  if (outcome.kind !== "opened" && outcome.kind !== "fenced") return {};
  const place = { database: core.database, group: group.id };
  const record = await readMessage({ ...place, id: outcome.message });
  const opening = record?.openings.find(({ envelope }) => envelope === arrival.hash);
  if (!record || opening?.anchorBlock === undefined) return {};
  const receipts = verifyReceipts({ network: core.network, nodes: core.links.nodes, ...arrival });
  const anchorBlock = Math.min(...receipts.map((receipt) => receipt.anchorBlock));
  if (anchorBlock >= opening.anchorBlock) return {};
  const { inbox, installation } = record.content;
  const fence = fenceBlock({
    ...{ branch: group.view.branch, head: opening.entry, sender: { inbox, installation } },
    inbox: core.inboxes.get(inbox)?.inbox,
  });
  const verdict = judgeFence({ fence, anchorBlock });
  const better: Opening = { ...opening, anchorBlock, verdict };
  const openings = record.openings.map((one) => (one === opening ? better : one));
  const message = { id: record.id, content: record.content, replaces: [] };
  const found = { ...(await readSurroundings({ ...place, message })), record };
  const changes = changeOpenings({ openings, found });
  const { writes, events } = timelineWrites({ group: group.id, changes });
  return { events, writes: [outcomeWrite({ group, record, opening: better }), ...writes] };
}
