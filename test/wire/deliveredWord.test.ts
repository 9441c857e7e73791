import assert from "node:assert/strict";
import { test } from "node:test";
import { generateP256 } from "#crypto";
import { signDelivered, verifyDelivered } from "../../src/wire/deliveredWord.ts";
import { asAddress, asId, type EnvelopeHash, type NodeId } from "../../src/wire/ids.ts";
import { testNetwork } from "../support/testNetwork.ts";

const id = (byte: number) => new Uint8Array(32).fill(byte);
const [a, b] = [asId<EnvelopeHash>(id(1)), asId<EnvelopeHash>(id(2))];

test("a delivered word is good for its node, network and envelopes, and for no others", () => {
  const { publicKey: signingKey, privateKey } = generateP256();
  const said = { network: testNetwork, node: asId<NodeId>(id(9)), hashes: [a, b] };
  const signature = signDelivered({ ...said, signingKey: privateKey });
  const isGood = (other: object) => verifyDelivered({ ...said, signature, signingKey, ...other });
  assert.equal(isGood({}), true);
  const elsewhere = { ...testNetwork, nodeRegistry: asAddress(new Uint8Array(20).fill(3)) };
  const wrong = [
    { hashes: [a] },
    { hashes: [b, a] },
    { hashes: [a, b, b] },
    { hashes: [] },
    { node: asId<NodeId>(id(8)) },
    { network: { ...testNetwork, chainId: testNetwork.chainId + 1 } },
    { network: elsewhere },
    { signingKey: generateP256().publicKey },
    { signature: new Uint8Array(64) },
    { signature: new Uint8Array() },
  ];
  for (const other of wrong) assert.equal(isGood(other), false, Object.keys(other).join());
});
