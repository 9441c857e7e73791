import assert from "node:assert/strict";
import { test } from "node:test";
import { heldRow, NOTHING_HELD, withHeld, withoutHeld } from "../../src/reconciler/messages/held.ts";
import { isListed } from "../../src/reconciler/messages/isListed.ts";
import {
  receiptFromStored,
  storedReceipt,
  verifyReceipts,
} from "../../src/reconciler/messages/verifyReceipts.ts";
import type { RejectReason } from "../../src/reconciler/records/outcome.ts";
import type { GroupTally, HeldRecord, KnownNode } from "../../src/reconciler/records/records.ts";
import { batchHeaderHash } from "../../src/wire/batchHeader.ts";
import { envelopeBytes, envelopeHash } from "../../src/wire/envelope.ts";
import { type EntryId, toHex } from "../../src/wire/ids.ts";
import { type Receipt, receiptOf } from "../../src/wire/receipt.ts";
import { testId } from "../support/testIntent.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { type TestOriginator, testEnvelope, testOriginator } from "../support/testOriginator.ts";

const [node, stranger] = [testOriginator("node"), testOriginator("stranger")];
const [envelope, other] = [1, 2].map((topic) => testEnvelope({ topic, text: `text ${topic}` }));
assert.ok(envelope && other);
const hash = envelopeHash(envelope);

function known(originator: TestOriginator): KnownNode {
  return {
    ...{
      node: originator.log.node,
      signingKey: toHex(originator.signingPublicKey),
      httpAddress: "",
      shards: "1",
    },
    ...{
      operator: `0x${"00".repeat(20)}` as KnownNode["operator"],
      registeredBlock: 1,
      leftBlock: undefined,
    },
    disabled: false,
  };
}
const nodes = new Map([[node.log.node, known(node)]]);

const taken = (header: Parameters<TestOriginator["next"]>[1] = {}, by = node) => {
  const batch = by.next([other, envelope], header);
  return receiptOf({ batch, index: 1 });
};
const verify = (receipts: readonly Receipt[], of: { envelope: typeof envelope } = { envelope }) =>
  verifyReceipts({
    network: testNetwork,
    nodes,
    envelope: of.envelope,
    hash: envelopeHash(of.envelope),
    receipts,
  });

test("a registered node's receipt says where and when it took the envelope", () => {
  const receipt = taken({ anchorBlock: 77, timeMs: 5_000 });
  const { header, headerBytes } = receipt;
  assert.deepEqual(verify([receipt]), [
    {
      ...{ log: node.log, first: header.firstSequence, headerHash: batchHeaderHash(headerBytes) },
      ...{ anchorBlock: 77, timeMs: 5_000 },
    },
  ]);
});

test("what proves nothing counts for nothing, and takes nothing from what stands beside it", () => {
  const good = taken();
  const signature = Uint8Array.from(good.signature);
  signature[0] = (signature[0] ?? 0) ^ 1;
  const bad = [
    taken({}, stranger),
    taken({ chainId: testNetwork.chainId + 1 }),
    taken({ nodeRegistry: testNetwork.commitLog }),
    taken({ shard: 1 }),
    { ...good, index: 0 },
    { ...good, siblings: [] },
    { ...good, signature },
  ];
  for (const one of bad) assert.deepEqual(verify([one]), []);
  assert.equal(verify([...bad, good]).length, 1);
  assert.deepEqual(verify([good], { envelope: other }), [], "another envelope of the same batch");
});

test("a receipt that was good for one key is not good for another", () => {
  const receipt = taken();
  assert.equal(verify([receipt]).length, 1);
  const changed = new Map([[node.log.node, { ...known(stranger), node: node.log.node }]]);
  const params = { network: testNetwork, envelope: { topic: envelope.topic }, hash, receipts: [receipt] };
  assert.deepEqual(verifyReceipts({ ...params, nodes: changed }), []);
  assert.equal(verifyReceipts({ ...params, nodes }).length, 1);
});

test("a stored receipt is the same when it is read", () => {
  const receipt = taken();
  assert.deepEqual(receiptFromStored(storedReceipt(receipt)), receipt);
});

const head = testId<EntryId>(1);
function held(receipts: readonly Receipt[]): HeldRecord {
  return { hash, head, envelope: envelope as never, receipts: receipts.map(storedReceipt) };
}

test("an envelope is held by its first receipt, until the highest block that its receipts name", () => {
  const row = heldRow({
    arrival: 3,
    record: held([taken({ anchorBlock: 5 }), taken({ anchorBlock: 9 }, stranger)]),
  });
  assert.deepEqual(row, {
    arrival: 3,
    head,
    bytes: envelopeBytes(envelope),
    node: node.log.node,
    anchorBlock: 9,
  });
  assert.equal(heldRow({ arrival: 3, record: held([]) }), undefined);
});

test("what is held is counted once, and nothing is left when it goes", () => {
  const row = { arrival: 4, head, bytes: 100, node: node.log.node, anchorBlock: 1 };
  const one = withHeld({ held: NOTHING_HELD, hash, row });
  assert.deepEqual([one.bytes, one.nextArrival, one.rows.size], [100, 5, 1]);
  const again = withHeld({ held: one, hash, row: { ...row, bytes: 120 } });
  assert.deepEqual([again.bytes, again.rows.size], [120, 1], "it takes its own place");
  const earlier = withHeld({ held: again, hash: envelopeHash(other), row: { ...row, arrival: 0 } });
  assert.equal(earlier.nextArrival, 5, "numbers are not given twice");
  const gone = withoutHeld({ held: one, hash, row });
  assert.deepEqual([gone.bytes, gone.rows.size, gone.nextArrival], [0, 0, 5]);
  assert.deepEqual([one.bytes, one.rows.size], [100, 1], "what was is as it was");
});

const LISTED = 4096;
const LISTED_JUNK = 1024;

function listed(
  reason: RejectReason,
  rejected: GroupTally["rejected"],
  unlisted: GroupTally["unlisted"] = {},
) {
  return isListed({ tally: { kinds: {}, gaps: {}, rejected, unlisted, racesLost: 0, rebased: 0 }, reason });
}

test("of the rejected so many are listed, of junk a part, however many kinds of it there are", () => {
  assert.equal(listed("replayed", { replayed: LISTED - 1 }), true);
  assert.equal(listed("replayed", { replayed: LISTED }), false);
  assert.equal(listed("stranger", { stranger: LISTED_JUNK - 1 }), true);
  assert.equal(listed("stranger", { malformed: LISTED_JUNK / 2, "no-receipt": LISTED_JUNK / 2 }), false);
  assert.equal(
    listed("replayed", { stranger: LISTED_JUNK }),
    true,
    "junk takes no room from what members do",
  );
  assert.equal(listed("stranger", { replayed: LISTED_JUNK }), true);
  assert.equal(listed("stranger", { replayed: LISTED }), false);
});

test("what was only counted takes no room", () => {
  assert.equal(listed("stranger", { stranger: LISTED_JUNK + 50 }, { stranger: 51 }), true);
  assert.equal(listed("stranger", { stranger: LISTED_JUNK + 50 }, { stranger: 50 }), false);
});
