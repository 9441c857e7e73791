import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { generateEd25519, generateP256, randomBytes, sha256, sha256Start } from "#crypto";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { addressFromPrivateKey, generateSecp256k1PrivateKey } from "../../src/crypto/secp256k1.ts";
import { XWING_ENCAPSULATION_LENGTH } from "../../src/crypto/xwing.ts";
import { isWeftError } from "../../src/errors.ts";
import { EnvelopeSchema } from "../../src/gen/weft/v1/envelope_pb.ts";
import { u64, utf8 } from "../../src/wire/bytes.ts";
import { decodeStrict, encodeCanonical } from "../../src/wire/decodeStrict.ts";
import { checkEnvelope } from "../../src/wire/envelope.ts";
import {
  buildGroupEnvelope,
  certifyPostingKey,
  decodeGroupEnvelope,
  verifyGroupEnvelope,
} from "../../src/wire/groupEnvelope.ts";
import {
  asAddress,
  asId,
  type EntryId,
  type GroupId,
  type InstallationKey,
  toHex,
} from "../../src/wire/ids.ts";
import { buildKeyPackageEnvelope, decodeKeyPackageRecord } from "../../src/wire/keyPackageRecord.ts";
import { MAX_ENVELOPE_BYTES, PROOF_OF_WORK_BITS } from "../../src/wire/limits.ts";
import type { Network } from "../../src/wire/network.ts";
import { checkWork, solveWork, solveWorkInSlices } from "../../src/wire/proofOfWork.ts";
import {
  groupInfoTopic,
  groupTopic,
  keyPackageTopic,
  parseTopic,
  welcomeTopic,
} from "../../src/wire/topic.ts";
import {
  buildGroupInfoEnvelope,
  buildWelcomeEnvelope,
  decodeGroupInfoPayload,
  decodeWelcomePayload,
} from "../../src/wire/welcomePayload.ts";

const address = (byte: number) => asAddress(new Uint8Array(20).fill(byte));
const network: Network = {
  version: 4,
  chainId: 31_337,
  commitLog: address(1),
  identityRegistry: address(2),
  nodeRegistry: address(3),
  shards: 1,
  deployedBlock: 0,
  genesisHash: "0x00",
};
const group: GroupId = asId(randomBytes(32));
const head: EntryId = asId(randomBytes(32));
const privateMessage = Uint8Array.of(0, 1, 0, 2, 9, 9, 9);

function postingCredential() {
  const authorityKey = generateSecp256k1PrivateKey();
  const { privateKey, publicKey } = generateP256();
  const certificate = certifyPostingKey({ network, group, head, postingKey: publicKey, authorityKey });
  const authority = asAddress(addressFromPrivateKey(authorityKey));
  return { authority, posting: { head, privateKey, publicKey, certificate } };
}

test("a member's group envelope is valid, under another authority it is a stranger's", () => {
  const { authority, posting } = postingCredential();
  const { topic, payload } = buildGroupEnvelope({ network, group, posting, privateMessage });
  assert.deepEqual(parseTopic(topic), { kind: "group", id: group });
  const envelope = decodeGroupEnvelope(payload);
  assert.equal(verifyGroupEnvelope({ network, group, envelope, authority }), "valid");
  assert.equal(verifyGroupEnvelope({ network, group, envelope, authority: address(9) }), "stranger");
  const changed = { ...envelope, privateMessage: Uint8Array.of(0, 1, 0, 2, 9, 9, 8) };
  assert.equal(verifyGroupEnvelope({ network, group, envelope: changed, authority }), "bad-signature");
  const elsewhere = { ...network, chainId: 1 };
  assert.equal(verifyGroupEnvelope({ network: elsewhere, group, envelope, authority }), "stranger");
});

test("the certificate is the same bytes from every member", () => {
  const authorityKey = generateSecp256k1PrivateKey();
  const postingKey = generateP256().publicKey;
  const certify = () => certifyPostingKey({ network, group, head, postingKey, authorityKey });
  assert.deepEqual(certify(), certify());
});

test("a commit in a message's place is told where it belongs", () => {
  const { posting } = postingCredential();
  const commit = Uint8Array.of(0, 1, 0, 1, 0);
  const wrapped = buildGroupEnvelope({ network, group, posting, privateMessage: commit });
  assert.throws(
    () => decodeGroupEnvelope(wrapped.payload),
    (e) => isWeftError(e, "chain-payload-on-mesh"),
  );
  assert.throws(
    () => decodeGroupEnvelope(commit),
    (e) => isWeftError(e, "chain-payload-on-mesh"),
  );
});

test("every mutation of an envelope's bytes is refused with a code or changes its meaning, none crashes", () => {
  const { authority, posting } = postingCredential();
  const { payload } = buildGroupEnvelope({ network, group, posting, privateMessage });
  const mutation = fc.record({
    at: fc.nat(payload.length),
    flip: fc.integer({ min: 1, max: 255 }),
    cut: fc.boolean(),
  });
  fc.assert(
    fc.property(mutation, ({ at, flip, cut }) => {
      const bytes = cut ? payload.slice(0, at) : payload.map((byte, i) => (i === at ? byte ^ flip : byte));
      if (bytes.length === payload.length && bytes.every((byte, i) => byte === payload[i])) return;
      try {
        const envelope = decodeGroupEnvelope(bytes);
        assert.notEqual(verifyGroupEnvelope({ network, group, envelope, authority }), "valid");
      } catch (error) {
        assert.ok(isWeftError(error), String(error));
      }
    }),
    { numRuns: 300 },
  );
});

test("protobuf is canonical: unknown fields, trailing bytes and written-out defaults are refused", () => {
  const message = create(EnvelopeSchema, { topic: groupTopic(group), payload: Uint8Array.of(1) });
  const bytes = encodeCanonical(EnvelopeSchema, message);
  const decode = (input: Uint8Array) => () =>
    decodeStrict({ schema: EnvelopeSchema, bytes: input, maxBytes: 100 });
  assert.deepEqual(decode(bytes)().payload, message.payload);
  for (const tail of [[0], [0x18, 1], [0x12, 0], [0xff]]) {
    assert.throws(decode(Uint8Array.from([...bytes, ...tail])), (e) => isWeftError(e, "malformed"));
  }
  assert.throws(decode(new Uint8Array(101)), (e) => isWeftError(e, "too-large"));
});

test("topics: unknown kinds, wrong lengths and oversized envelopes have their own codes", () => {
  const unknown = groupTopic(group).with(0, 77);
  assert.throws(
    () => checkEnvelope({ topic: unknown, payload: new Uint8Array() }),
    (e) => isWeftError(e, "unknown-topic"),
  );
  assert.throws(
    () => parseTopic(new Uint8Array(5)),
    (e) => isWeftError(e, "malformed"),
  );
  const payload = new Uint8Array(MAX_ENVELOPE_BYTES);
  assert.throws(
    () => checkEnvelope({ topic: groupTopic(group), payload }),
    (e) => isWeftError(e, "too-large"),
  );
});

test("installations share Welcome buckets by the first byte of their hash", () => {
  const buckets = new Set<string>();
  for (let i = 0; i < 600; i++) buckets.add(toHex(welcomeTopic(asId<InstallationKey>(randomBytes(32)))));
  assert.ok(buckets.size > 128 && buckets.size <= 256, `${buckets.size} buckets`);
});

test("a key package record is bound to its installation and its topic", () => {
  const { publicKey, privateKey } = generateEd25519();
  const record = {
    chainId: 31_337,
    registry: address(2),
    inbox: asId<never>(randomBytes(32)),
    installation: asId<InstallationKey>(publicKey),
    generation: 3,
    expiresAt: 2_000_000_000,
    keyPackage: randomBytes(300),
    wrapperKey: randomBytes(1216),
  };
  const envelope = buildKeyPackageEnvelope({ record, installationPrivateKey: privateKey });
  assert.deepEqual(decodeKeyPackageRecord(envelope), record);
  const foreign = buildKeyPackageEnvelope({ record, installationPrivateKey: generateEd25519().privateKey });
  assert.throws(
    () => decodeKeyPackageRecord(foreign),
    (e) => isWeftError(e, "bad-signature"),
  );
  const topic = keyPackageTopic(asId(randomBytes(32)));
  assert.throws(
    () => decodeKeyPackageRecord({ ...envelope, topic }),
    (e) => isWeftError(e, "bad-signature"),
  );
});

test("Welcomes and group info carry a proof of work, bound to topic and content", () => {
  const installation = asId<InstallationKey>(randomBytes(32));
  const topic = welcomeTopic(installation);
  const encapsulatedKey = randomBytes(XWING_ENCAPSULATION_LENGTH);
  const ciphertext = randomBytes(500);
  const welcome = buildWelcomeEnvelope({ topic, encapsulatedKey, ciphertext, viewTag: 7 });
  assert.equal(decodeWelcomePayload(welcome).ciphertext.length, 500);
  const elsewhere = { ...welcome, topic: topic.with(1, (topic[1] ?? 0) ^ 1) };
  assert.throws(
    () => decodeWelcomePayload(elsewhere),
    (e) => isWeftError(e, "bad-signature"),
  );
  const chunk = buildGroupInfoEnvelope({
    topic: groupInfoTopic(randomBytes(32)),
    index: 1,
    ciphertext: randomBytes(99),
  });
  assert.equal(decodeGroupInfoPayload(chunk).index, 1);
});

test("work grows with size, is searched in slices, and what lacks it is refused", async () => {
  const topic = groupInfoTopic(randomBytes(32));
  const large = { topic, content: randomBytes(65_600) };
  let turns = 0;
  const turning = setInterval(() => turns++);
  const nonce = await solveWorkInSlices(large);
  clearInterval(turning);
  assert.equal(nonce, solveWork(large));
  assert.equal(checkWork({ ...large, nonce }), true);
  assert.ok(nonce < 4096n || turns > 0, "timers have their turn meanwhile");
  const hash = (at: number) =>
    sha256Start(concatBytes(utf8("weft.work.v1"), topic, sha256(large.content), u64(at)));
  let weak = 0;
  while (Math.clz32(hash(weak)) !== PROOF_OF_WORK_BITS) weak++;
  assert.equal(checkWork({ ...large, nonce: BigInt(weak) }), false, "enough for what is small only");
});
