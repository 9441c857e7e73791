import { envelopeBytes } from "../../wire/envelope.ts";
import type { ClientCore } from "../core.ts";
import { changeGroup } from "../groups/changeGroup.ts";
import type { Group } from "../groups/group.ts";
import { tables } from "../tables.ts";
import { receiveHeld } from "./receiveEnvelopes.ts";
import { receiptFromStored } from "./verifyReceipts.ts";

/** Judges again what is held, now that the chain has been read further. From within the group's queue. */
export async function releaseHeld(params: { core: ClientCore; group: Group }): Promise<void> {
  const { core, group } = params;
  if (group.view.held.count === 0) return;
  for await (const row of tables.held.rows(core.database, { under: { group: group.id } })) {
    const { hash, envelope, receipts } = row.value;
    const arrival = { hash, envelope, receipts: receipts.map(receiptFromStored) };
    const change = await receiveHeld({ core, group, held: row.value, arrival });
    if (change.writes === undefined) continue;
    const { count, bytes, nextArrival } = group.view.held;
    const held = { count: count - 1, bytes: bytes - envelopeBytes(envelope), nextArrival };
    const gone = tables.held.del({ group: group.id, arrival: row.fields.arrival });
    await changeGroup({ core, group, change: { ...change, held, writes: [...change.writes, gone] } });
  }
}
