import { type Envelope, envelopeBytes } from "../../wire/envelope.ts";
import type { EntryId, EnvelopeHash } from "../../wire/ids.ts";
import type { Receipt } from "../../wire/receipt.ts";
import type { GroupChange } from "../groups/changeGroup.ts";
import type { Group } from "../groups/group.ts";
import { tables } from "../tables.ts";
import type { Outcome } from "./outcome.ts";
import { storedReceipt } from "./verifyReceipts.ts";

/** Per group. Honest nodes take no envelope whose head they do not know, so more than a few is junk. */
const MAX_HELD_ENVELOPES = 4096;
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** Keeps an envelope until the chain has brought what it waits for. */
export function holdEnvelope(params: {
  group: Group;
  hash: EnvelopeHash;
  envelope: Envelope;
  receipts: readonly Receipt[];
  head: EntryId;
}): GroupChange {
  const { group, hash, envelope, receipts, head } = params;
  const { count, bytes, nextArrival } = group.view.held;
  const size = envelopeBytes(envelope);
  const fits = count < MAX_HELD_ENVELOPES && bytes + size <= MAX_HELD_BYTES;
  const outcome: Outcome = fits ? { kind: "held" } : { kind: "rejected", reason: "not-held" };
  const at = { group: group.id };
  const settled = tables.outcome.put({ ...at, envelope: hash }, { outcome, receivedAtMs: Date.now() });
  if (!fits) return { writes: [settled] };
  const record = { hash, head, envelope, receipts: receipts.map(storedReceipt) };
  return {
    held: { count: count + 1, bytes: bytes + size, nextArrival: nextArrival + 1 },
    writes: [settled, tables.held.put({ ...at, arrival: nextArrival }, record)],
  };
}
