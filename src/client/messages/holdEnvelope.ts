import { wallMs } from "../../clock/wallMs.ts";
import { heldRow, withHeld } from "../../reconciler/messages/held.ts";
import {
  receiptFromStored,
  storedReceipt,
  verifyReceipts,
} from "../../reconciler/messages/verifyReceipts.ts";
import type { Outcome } from "../../reconciler/records/outcome.ts";
import type { HeldRecord, UnheldRecord } from "../../reconciler/records/records.ts";
import { type Envelope, envelopeBytes } from "../../wire/envelope.ts";
import type { EntryId, EnvelopeHash, NodeId } from "../../wire/ids.ts";
import type { Receipt } from "../../wire/receipt.ts";
import { tables } from "../database/tables.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";

/**
 * How much is held of what one node signed for. Honest nodes take no envelope whose head they do not know, so more than
 * a few is junk: each node has its own share, so that none takes the place of the others' envelopes.
 */
const NODE_SHARE = { envelopes: 512, bytes: 2 * 1024 * 1024 };
const GROUP_SHARE = { envelopes: 4096, bytes: 16 * 1024 * 1024 };
const MAX_BYTES_IN_ALL_GROUPS = 64 * 1024 * 1024;
const MAX_RECEIPTS = 8;

/**
 * Keeps an envelope until the chain has brought what it waits for. An envelope that does not fit is read again when the
 * head has moved. Without a node's receipt it is not kept: nodes give one with everything that they have.
 */
export async function holdEnvelope(params: {
  core: CoreParts<"database" | "groups" | "links" | "network">;
  group: Group;
  hash: EnvelopeHash;
  envelope: Envelope;
  receipts: readonly Receipt[];
  head: EntryId;
}): Promise<GroupChange> {
  const { core, group, hash, envelope, head } = params;
  const { held } = group.view;
  const known = held.rows.get(hash);
  const stored = known && (await tables.held.get(core.database, { group: group.id, arrival: known.arrival }));
  const receipts = [...(stored?.receipts.map(receiptFromStored) ?? []), ...verified(params)];
  const record: HeldRecord = { hash, head, envelope, receipts: distinct(receipts).map(storedReceipt) };
  if (stored?.receipts.length === record.receipts.length) return {};
  const row = heldRow({ arrival: known?.arrival ?? held.nextArrival, record });
  if (!row) return { writes: [settled(params, { kind: "rejected", reason: "no-receipt" })] };
  if (!known && !hasRoom({ core, group, node: row.node, bytes: envelopeBytes(envelope) })) {
    return await leaveOut(params);
  }
  return {
    held: withHeld({ held, hash, row }),
    writes: [
      settled(params, { kind: "held" }),
      tables.held.put({ group: group.id, arrival: row.arrival }, record),
    ],
  };
}

/** Leaves an envelope out, and remembers where the topic stood, unless something was left out before. */
async function leaveOut(params: {
  core: CoreParts<"database">;
  group: Group;
  hash: EnvelopeHash;
  envelope: Envelope;
}): Promise<GroupChange> {
  const { core, group, envelope } = params;
  const { held, record } = group.view;
  const writes = [settled(params, { kind: "rejected", reason: "not-held" })];
  if (held.unheld) return { writes };
  const position = await tables.topicPosition.get(core.database, { topic: envelope.topic });
  const unheld: UnheldRecord = { head: record.head, position };
  return { held: { ...held, unheld }, writes: [...writes, tables.unheld.put({ group: group.id }, unheld)] };
}

function hasRoom(params: { core: CoreParts<"groups">; group: Group; node: NodeId; bytes: number }): boolean {
  const { core, group, node, bytes } = params;
  const { held } = group.view;
  const ofNode = [...held.rows.values()].filter((row) => row.node === node);
  const inAll = [...core.groups.values()].reduce((sum, { view }) => sum + view.held.bytes, 0);
  return (
    ofNode.length < NODE_SHARE.envelopes &&
    ofNode.reduce((sum, row) => sum + row.bytes, bytes) <= NODE_SHARE.bytes &&
    held.rows.size < GROUP_SHARE.envelopes &&
    held.bytes + bytes <= GROUP_SHARE.bytes &&
    inAll + bytes <= MAX_BYTES_IN_ALL_GROUPS
  );
}

function verified(params: {
  core: CoreParts<"links" | "network">;
  hash: EnvelopeHash;
  envelope: Envelope;
  receipts: readonly Receipt[];
}): Receipt[] {
  const { network, links } = params.core;
  const isGood = (receipt: Receipt) =>
    verifyReceipts({ ...params, network, nodes: links.nodes, receipts: [receipt] }).length > 0;
  return params.receipts.filter(isGood);
}

/** Keeps one receipt of each node. */
function distinct(receipts: readonly Receipt[]): Receipt[] {
  const byNode = new Map<NodeId, Receipt>();
  for (const receipt of receipts) {
    if (!byNode.has(receipt.header.node)) byNode.set(receipt.header.node, receipt);
  }
  return [...byNode.values()].slice(0, MAX_RECEIPTS);
}

function settled(params: { group: Group; hash: EnvelopeHash }, outcome: Outcome) {
  const { group, hash: envelope } = params;
  return tables.outcome.put({ group: group.id, envelope }, { outcome, receivedAtMs: wallMs() });
}
