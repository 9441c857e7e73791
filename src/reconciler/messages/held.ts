import { envelopeBytes } from "../../wire/envelope.ts";
import type { EnvelopeHash, NodeId } from "../../wire/ids.ts";
import type { HeadId, HeldRecord, UnheldRecord } from "../records/records.ts";
import { receiptFromStored } from "./verifyReceipts.ts";

/** What a group keeps until the chain has brought what it waits for; the envelopes are in the database. */
export type Held = {
  /** In the order in which they came. */
  readonly rows: ReadonlyMap<EnvelopeHash, HeldRow>;
  readonly bytes: number;
  readonly nextArrival: number;
  /** Something did not fit: from where the topic is to be read again. */
  readonly unheld: UnheldRecord | undefined;
};

export type HeldRow = {
  readonly arrival: number;
  readonly head: HeadId;
  readonly bytes: number;
  /** By whose receipt it is held. */
  readonly node: NodeId;
  /** The highest that its receipts name. */
  readonly anchorBlock: number;
};

export const NOTHING_HELD: Held = { rows: new Map(), bytes: 0, nextArrival: 0, unheld: undefined };

/**
 * Makes the row by which a held envelope is remembered; `undefined` for a record without receipts, of which nothing
 * can be told.
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
