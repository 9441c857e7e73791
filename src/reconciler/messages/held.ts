import { envelopeBytes } from "../../wire/envelope.ts";
import type { EnvelopeHash, NodeId } from "../../wire/ids.ts";
import type { HeadId, HeldRecord, UnheldRecord } from "../records/records.ts";
import { receiptFromStored } from "./verifyReceipts.ts";

/** The envelopes of a group that wait for the chain; their bytes are in the database. */
export type Held = {
  /** Rows in the order in which the envelopes came. */
  readonly rows: ReadonlyMap<EnvelopeHash, HeldRow>;
  readonly bytes: number;
  readonly nextArrival: number;
  /** Some envelope did not fit: the place from which the topic is to be read again. */
  readonly unheld: UnheldRecord | undefined;
};

export type HeldRow = {
  readonly arrival: number;
  readonly head: HeadId;
  readonly bytes: number;
  /** The node whose receipt lets the envelope be held. */
  readonly node: NodeId;
  /** The highest anchor that the envelope's receipts name. */
  readonly anchorBlock: number;
};

export const NOTHING_HELD: Held = { rows: new Map(), bytes: 0, nextArrival: 0, unheld: undefined };

/**
 * Makes the row that stands for a held envelope; `undefined` for a record without receipts, since nothing is known of
 * it.
 */
export function heldRow(params: { arrival: number; record: HeldRecord }): HeldRow | undefined {
  const { arrival, record } = params;
  const headers = record.receipts.map((receipt) => receiptFromStored(receipt).header);
  const [first] = headers;
  if (!first) return undefined;
  const anchorBlock = Math.max(...headers.map((header) => header.anchorBlock));
  return { arrival, head: record.head, bytes: envelopeBytes(record.envelope), node: first.node, anchorBlock };
}

export function withHeld(params: { held: Held; hash: EnvelopeHash; row: HeldRow }): Held {
  const { held, hash, row } = params;
  const bytes = held.bytes + row.bytes - (held.rows.get(hash)?.bytes ?? 0);
  const nextArrival = Math.max(held.nextArrival, row.arrival + 1);
  return { ...held, rows: new Map(held.rows).set(hash, row), bytes, nextArrival };
}

export function withoutHeld(params: { held: Held; hash: EnvelopeHash; row: HeldRow }): Held {
  const { held, hash, row } = params;
  const rows = new Map(held.rows);
  rows.delete(hash);
  return { ...held, rows, bytes: held.bytes - row.bytes };
}
