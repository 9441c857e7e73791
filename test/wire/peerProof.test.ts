import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519PublicKey, randomBytes } from "#crypto";
import { asAddress, asId, type NodeId } from "../../src/wire/ids.ts";
import { peerIdOfKey, peerKeyOf, signPeerProof, verifyPeerProof } from "../../src/wire/peerProof.ts";
import { testNetwork } from "../support/testNetwork.ts";

const privateKey = randomBytes(32);
const node = asId<NodeId>(randomBytes(32));
const peerId = peerIdOfKey(ed25519PublicKey(privateKey));
const proof = signPeerProof({ network: testNetwork, node, privateKey });

test("a peer's proof counts for its node, registry and chain, and for no other", () => {
  const good = { network: testNetwork, node, peerId, proof };
  assert.ok(verifyPeerProof(good));
  const other = asAddress(randomBytes(20));
  const bad: Partial<typeof good>[] = [
    { node: asId(randomBytes(32)) },
    { network: { ...testNetwork, chainId: 1 } },
    { network: { ...testNetwork, nodeRegistry: other } },
    { peerId: peerIdOfKey(ed25519PublicKey(randomBytes(32))) },
    { proof: proof.subarray(1) },
    { proof: new Uint8Array(64) },
    { proof: new Uint8Array(0) },
  ];
  for (const change of bad) assert.equal(verifyPeerProof({ ...good, ...change }), false);
});

test("a peer id that is no Ed25519 key has no key", () => {
  assert.deepEqual(peerKeyOf(peerId), peerId.subarray(6));
  const rsa = Uint8Array.of(0x12, 0x20, ...randomBytes(32));
  const longer = Uint8Array.of(...peerId, 0);
  for (const wrong of [new Uint8Array(0), rsa, longer, peerId.subarray(1), peerId.subarray(0, 37)]) {
    assert.equal(peerKeyOf(wrong), undefined);
  }
});
