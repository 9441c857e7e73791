import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeAbiParameters, keccak256 } from "viem";
import { generateEd25519, randomBytes } from "#crypto";
import { isWeftError } from "../../src/errors.ts";
import { entryId, groupIdOf, openEntryPayload, sealEntryPayload } from "../../src/wire/entry.ts";
import {
  asAddress,
  asId,
  type EntryId,
  type GroupId,
  type InstallationKey,
  toHex,
} from "../../src/wire/ids.ts";
import { pad, padmeLength, unpad } from "../../src/wire/padme.ts";

const address = asAddress(randomBytes(20));
const network = {
  version: 4,
  chainId: 7,
  commitLog: address,
  identityRegistry: address,
  nodeRegistry: address,
  shards: 1,
  deployedBlock: 0,
  genesisHash: "0x00",
} as const;
const group: GroupId = asId(randomBytes(32));
const parent: EntryId = asId(randomBytes(32));
const authority = asAddress(randomBytes(20));
const key = randomBytes(32);
const writer = generateEd25519();

function sealed(commit: Uint8Array) {
  const installation = asId<InstallationKey>(writer.publicKey);
  const body = {
    instruction: { case: "commit", value: commit },
    authority,
    registryBlock: 12,
    installation,
  } as const;
  const place = { network, group, parent };
  return {
    body,
    payload: sealEntryPayload({ ...place, body, installationPrivateKey: writer.privateKey, key }),
  };
}

test("ids are those that the contracts compute", () => {
  const payload = randomBytes(100);
  const encoded = encodeAbiParameters(
    [{ type: "bytes32" }, { type: "bytes32" }, { type: "address" }, { type: "bytes32" }],
    [group, parent, authority, keccak256(toHex(payload))],
  );
  assert.equal(entryId({ group, parent, authority, payload }), keccak256(encoded));
  assert.equal(groupIdOf(authority), keccak256(encodeAbiParameters([{ type: "address" }], [authority])));
});

test("an entry's payload opens for those with the key, at its place, under its authority", () => {
  const { body, payload } = sealed(randomBytes(300));
  const open = (changes: object) =>
    openEntryPayload({ network, group, parent, payload, key, authority, ...changes });
  assert.deepEqual(open({}), { kind: "opened", body });
  assert.deepEqual(open({ key: randomBytes(32) }), { kind: "refused", reason: "does-not-open" });
  assert.deepEqual(open({ parent: group }), { kind: "refused", reason: "does-not-open" });
  assert.deepEqual(open({ authority: address }), { kind: "refused", reason: "other-authority" });
  assert.deepEqual(open({ network: { ...network, chainId: 8 } }), {
    kind: "refused",
    reason: "bad-signature",
  });
  assert.deepEqual(open({ payload: payload.subarray(0, 20) }), { kind: "refused", reason: "does-not-open" });
});

test("a payload above the chain's limit is refused before it is sent", () => {
  assert.throws(
    () => sealed(new Uint8Array(84_000)),
    (e) => isWeftError(e, "too-large"),
  );
});

test("Padmé padding comes back exactly and wastes at most an eighth", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      const padded = pad(bytes);
      assert.deepEqual(unpad(padded), bytes);
      assert.ok(padded.length <= Math.max(16, (4 + bytes.length) * 1.125));
      assert.throws(
        () => unpad(padded.subarray(1)),
        (e) => isWeftError(e, "malformed"),
      );
    }),
  );
  assert.equal(padmeLength(9), 10);
  assert.throws(
    () => unpad(pad(new Uint8Array(7)).fill(1, 11)),
    (e) => isWeftError(e, "malformed"),
  );
});
