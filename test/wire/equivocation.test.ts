import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeProof } from "../../src/mesh/gossipProofs.ts";
import type { Batch } from "../../src/wire/batch.ts";
import { decodeProof, encodeProof, PROOF_BYTES, proofOf } from "../../src/wire/equivocation.ts";
import { registeredNode } from "../support/registeredNode.ts";
import { testDirectory } from "../support/testDirectory.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";

const signed = ({ headerBytes: header, signature }: Batch) => ({ header, signature });

test("a proof is two different headers of one log for one place, each signed by its node", () => {
  const evil = testOriginator("evil");
  const make = (text: string, header = {}, of = evil) =>
    signed(of.next([testEnvelope({ topic: 1, text })], { firstSequence: 0n, ...header }));
  const a = make("a");
  const b = make("b");
  const proof = proofOf(a, b) ?? assert.fail();
  const bytes = encodeProof(proof);
  assert.equal(bytes.length, PROOF_BYTES);
  assert.deepEqual(decodeProof(bytes), proof);

  const harmless = [
    a,
    make("c", { firstSequence: 1n }),
    make("c", { generation: 2n }),
    make("c", { shard: 1 }),
  ];
  for (const other of harmless) {
    assert.equal(proofOf(a, other), undefined);
    const joined = encodeProof({ ...proof, b: other });
    assert.throws(() => decodeProof(joined), { code: "malformed" });
  }
  for (const wrong of [bytes.subarray(1), new Uint8Array(PROOF_BYTES)]) {
    assert.throws(() => decodeProof(wrong), { code: "malformed" });
  }

  const directory = testDirectory();
  const judge = (what: Uint8Array) => judgeProof({ bytes: what, network: testNetwork, directory }).kind;
  assert.equal(judge(bytes), "unknown");
  directory.set(registeredNode(evil));
  assert.equal(judge(bytes), "valid");
  // A signature of another key, one over another header, and headers of another network.
  const forged = make("b", { node: evil.log.node }, testOriginator("forger"));
  assert.equal(judge(encodeProof({ ...proof, b: forged })), "bad");
  assert.equal(judge(encodeProof({ ...proof, b: { ...b, signature: a.signature } })), "bad");
  const away = [make("a", { chainId: 7 }), make("b", { chainId: 7 })] as const;
  assert.equal(judge(encodeProof(proofOf(...away) ?? assert.fail())), "bad");
  assert.equal(judge(bytes.subarray(2)), "bad");
});
