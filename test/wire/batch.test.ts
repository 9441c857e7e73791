import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { generateP256, randomBytes } from "#crypto";
import { isWeftError } from "../../src/errors.ts";
import { buildBatch, decodeBatch, encodeBatch, verifyBatch } from "../../src/wire/batch.ts";
import { decodeBatchHeader, encodeBatchHeader } from "../../src/wire/batchHeader.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import { asAddress, asId, fromHex, type GroupId, toHex } from "../../src/wire/ids.ts";
import { merklePath, merkleRoot, verifyMerklePath } from "../../src/wire/merkle.ts";
import { receiptFromMessage, receiptMessage, receiptOf, verifyReceipt } from "../../src/wire/receipt.ts";
import { groupTopic } from "../../src/wire/topic.ts";

const { privateKey: signingKey, publicKey } = generateP256();

function batchOf(count: number) {
  const envelopes = Array.from({ length: count }, () => ({
    topic: groupTopic(asId<GroupId>(randomBytes(32))),
    payload: randomBytes(40),
  }));
  const header = {
    chainId: 31_337,
    nodeRegistry: asAddress(randomBytes(20)),
    node: asId<never>(randomBytes(32)),
    generation: 2n,
    shard: 0,
    firstSequence: 17n,
    anchorBlock: 123,
    anchorHash: toHex(randomBytes(32)),
    timeMs: 1_790_000_000_000,
    previous: toHex(randomBytes(32)),
  };
  return buildBatch({ header, envelopes, signingKey });
}

test("a batch survives its encoding and verifies only under its node's key", () => {
  const batch = batchOf(5);
  const decoded = decodeBatch(encodeBatch(batch));
  assert.deepEqual(decoded.header, batch.header);
  assert.equal(verifyBatch({ batch: decoded, signingKey: publicKey }), true);
  assert.equal(verifyBatch({ batch: decoded, signingKey: generateP256().publicKey }), false);
});

test("the header is abi.encode of thirteen words", () => {
  const { header } = batchOf(1);
  const bytes = encodeBatchHeader(header);
  assert.equal(bytes.length, 416);
  assert.deepEqual(decodeBatchHeader(bytes), header);
  assert.equal(BigInt(toHex(bytes.slice(4 * 32, 5 * 32))), 2n);
  assert.throws(
    () => decodeBatchHeader(bytes.with(0, 1)),
    (e) => isWeftError(e, "malformed"),
  );
  assert.throws(
    () => decodeBatchHeader(bytes.with(5 * 32, 1)),
    (e) => isWeftError(e, "malformed"),
  );
});

test("an envelope swapped behind a signed header is noticed", () => {
  const batch = batchOf(3);
  const [first, second, third] = batch.envelopes;
  assert.ok(first && second && third);
  const swapped = encodeBatch({ ...batch, envelopes: [second, first, third] });
  assert.throws(
    () => decodeBatch(swapped),
    (e) => isWeftError(e, "malformed"),
  );
  const short = encodeBatch({ ...batch, envelopes: [first, second] });
  assert.throws(
    () => decodeBatch(short),
    (e) => isWeftError(e, "malformed"),
  );
});

test("a receipt proves each envelope of its batch and no other", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (count, seed) => {
      const batch = batchOf(count);
      const index = seed % count;
      const receipt = receiptFromMessage(receiptMessage(receiptOf({ batch, index })));
      const [envelope, other] = [batch.envelopes[index], batch.envelopes[(index + 1) % count]];
      assert.ok(envelope && other);
      assert.equal(verifyReceipt({ receipt, hash: envelopeHash(envelope), signingKey: publicKey }), true);
      if (count > 1) {
        assert.equal(verifyReceipt({ receipt, hash: envelopeHash(other), signingKey: publicKey }), false);
        const moved = { ...receipt, index: (index + 1) % count };
        assert.equal(
          verifyReceipt({ receipt: moved, hash: envelopeHash(envelope), signingKey: publicKey }),
          false,
        );
      }
    }),
    { numRuns: 25 },
  );
});

test("Merkle paths fit every leaf of every size, and nothing longer or shorter", () => {
  for (let count = 1; count <= 33; count++) {
    const leaves = Array.from({ length: count }, () => randomBytes(32));
    const root = merkleRoot(leaves);
    leaves.forEach((leaf, index) => {
      const siblings = merklePath({ leaves, index });
      assert.equal(verifyMerklePath({ leaf, index, count, siblings, root }), true);
      assert.equal(verifyMerklePath({ leaf, index, count, siblings: [...siblings, root], root }), false);
    });
  }
});

test("any bytes given to the batch decoder end in a coded error", () => {
  const encoded = encodeBatch(batchOf(2));
  const input = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc.record({ at: fc.nat(encoded.length - 1), to: fc.nat(255) }).map(({ at, to }) => encoded.with(at, to)),
  );
  fc.assert(
    fc.property(input, (bytes) => {
      try {
        const batch = decodeBatch(bytes);
        const changed = toHex(bytes) !== toHex(encoded);
        assert.equal(verifyBatch({ batch, signingKey: publicKey }), !changed);
      } catch (error) {
        assert.ok(isWeftError(error), String(error));
      }
    }),
    { numRuns: 300 },
  );
});

test("hex ids refuse what is not hexadecimal or not 32 bytes", () => {
  for (const bad of ["0x1", "12", "0xzz", ""])
    assert.throws(
      () => fromHex(bad),
      (e) => isWeftError(e, "malformed"),
    );
  assert.throws(
    () => asId("0x00"),
    (e) => isWeftError(e, "malformed"),
  );
});
