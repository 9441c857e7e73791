import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { generateX25519, randomBytes, sha256Start, x25519 } from "#crypto";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { XWING_ENCAPSULATION_LENGTH, xwingKeyPairFromSeed } from "../../src/crypto/xwing.ts";
import { isWeftError } from "../../src/errors.ts";
import { createInstallation } from "../../src/identity/createInstallation.ts";
import { createKeyPackageRecord } from "../../src/identity/createKeyPackageRecord.ts";
import { openGroupInfo, sealGroupInfo } from "../../src/identity/sealGroupInfo.ts";
import { ownViewTag, viewTagOf } from "../../src/identity/viewTag.ts";
import { sealToWrapper, unwrapWelcome, wrapWelcome } from "../../src/identity/wrapWelcome.ts";
import { utf8 } from "../../src/wire/bytes.ts";
import { checkEnvelope, type Envelope, envelopeBytes } from "../../src/wire/envelope.ts";
import { asId, fromHex } from "../../src/wire/ids.ts";
import { MAX_ENVELOPE_BYTES, MAX_GROUP_INFO_CHUNKS, PROOF_OF_WORK_BITS } from "../../src/wire/limits.ts";
import { groupInfoTopic, welcomeTopic } from "../../src/wire/topic.ts";
import { MAX_GROUP_INFO_BYTES, type Welcome } from "../../src/wire/welcome.ts";
import {
  buildGroupInfoEnvelope,
  buildWelcomeEnvelope,
  decodeGroupInfoPayload,
  decodeWelcomePayload,
} from "../../src/wire/welcomePayload.ts";
import { testNetwork as network } from "../support/testNetwork.ts";

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);

function recipient(generation = 1) {
  const installation = createInstallation();
  const inbox = asId<never>(bytes(32, 1));
  const nowMs = Date.UTC(2026, 0, 1);
  const { own } = createKeyPackageRecord({ network, inbox, installation, generation, nowMs });
  const wrapperKey = xwingKeyPairFromSeed(own.wrapperSeed).publicKey;
  return { installation: installation.key, own, wrapperKey };
}

const bob = recipient();
const carol = recipient();
const welcome: Welcome = {
  group: asId(bytes(32, 2)),
  entry: asId(bytes(32, 3)),
  encryptedGroupSecrets: bytes(200, 4),
  groupInfo: { topicId: bytes(32, 5), key: bytes(32, 6), chunks: 2 },
  keyPackageHash: fromHex(bob.own.hash),
};
const wrapped = wrapWelcome({ welcome, ...bob });

/** Any plaintext, sealed to bob as a Welcome is. */
function sealedToBob(plaintext: Uint8Array): Envelope {
  const topic = welcomeTopic(bob.installation);
  const { wrapperKey } = bob;
  return buildWelcomeEnvelope({ topic, ...sealToWrapper({ topic, wrapperKey, plaintext }) });
}

test("a wrapped Welcome opens with the key package that it was made for", () => {
  assert.deepEqual(checkEnvelope(wrapped).kind, "welcome");
  const older = recipient(0);
  const opened = unwrapWelcome({ envelope: wrapped, keyPackages: [older.own, bob.own] });
  assert.deepEqual(opened, { kind: "welcome", welcome, own: bob.own });
});

test("others of the bucket cannot open it", () => {
  const outcome = unwrapWelcome({ envelope: wrapped, keyPackages: [carol.own] });
  assert.deepEqual(outcome, { kind: "not-mine" });
  assert.deepEqual(unwrapWelcome({ envelope: wrapped, keyPackages: [] }), { kind: "not-mine" });
});

test("a Welcome whose view tag is another one is skipped, and the tag fits no other key package for sure", () => {
  const topic = welcomeTopic(bob.installation);
  const { wrapperKey } = bob;
  const keyPackages = [bob.own];
  const sealed = sealToWrapper({ topic, wrapperKey, plaintext: utf8("no Welcome") });
  const tagged = (viewTag: number) => buildWelcomeEnvelope({ topic, ...sealed, viewTag });
  assert.equal(unwrapWelcome({ envelope: tagged(sealed.viewTag), keyPackages }).kind, "malformed");
  assert.equal(unwrapWelcome({ envelope: tagged(sealed.viewTag ^ 1), keyPackages }).kind, "not-mine");
  assert.throws(() => decodeWelcomePayload(tagged(256)), { code: "malformed" });
  const { encapsulatedKey: encapsulation } = sealed;
  const others = Array.from({ length: 200 }, () =>
    ownViewTag({ topic, encapsulation, wrapperSeed: randomBytes(32) }),
  );
  const alike = others.filter((tag) => tag === sealed.viewTag).length;
  assert.ok(alike <= 10 && new Set(others).size > 80, "as good as random to others");
});

test("view tags of Welcomes to one key package are not alike", () => {
  const topic = welcomeTopic(bob.installation);
  const plaintext = utf8("no Welcome");
  const seal = () => sealToWrapper({ topic, wrapperKey: bob.wrapperKey, plaintext }).viewTag;
  assert.ok(new Set(Array.from({ length: 40 }, seal)).size > 25);
});

const TIMES = 30;

/** Processor time of this process once it is warm, in milliseconds. */
function costOf(act: (at: number) => void): number {
  const rounds = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    for (let at = 0; at < TIMES; at++) act(at);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / TIMES;
  });
  return Math.min(...rounds);
}

test("junk costs each reader of its bucket less than half of what it costs its maker, and its victim less than all", () => {
  const topic = welcomeTopic(bob.installation);
  const keyPackages = [bob.own, recipient(2).own, recipient(3).own];
  const candidate = bytes(85, 1);
  // What the work takes on the average: no luck is in it.
  const work = costOf(() => {
    for (let hash = 0; hash < 2 ** PROOF_OF_WORK_BITS; hash++) sha256Start(candidate);
  });
  const reading = (sealed: Parameters<typeof buildWelcomeEnvelope>[0]) => {
    const envelope = buildWelcomeEnvelope(sealed);
    return costOf(() => void unwrapWelcome({ envelope, keyPackages }));
  };
  // Sealed properly, to somebody else of the bucket.
  const seal = () => sealToWrapper({ topic, wrapperKey: carol.wrapperKey, plaintext: bytes(400, 1) });
  const made = { honest: work + costOf(seal), read: reading({ topic, ...seal() }) };
  assert.ok(made.read < made.honest / 2, `${made.read} ms against ${made.honest} ms`);
  // Made for the victim's view tag, and of nothing else that costs: the rest of the encapsulation is random.
  const aim = () => {
    const { privateKey, publicKey } = generateX25519();
    const encapsulation = concatBytes(randomBytes(XWING_ENCAPSULATION_LENGTH - 32), publicKey);
    const x25519Secret = x25519({ privateKey, publicKey: bob.wrapperKey.slice(-32) });
    assert.ok(x25519Secret);
    const viewTag = viewTagOf({ topic, encapsulation, x25519Secret });
    return { encapsulatedKey: encapsulation, ciphertext: randomBytes(400), viewTag };
  };
  const aimed = { cost: work + costOf(aim), read: reading({ topic, ...aim() }) };
  assert.ok(aimed.read < aimed.cost, `${aimed.read} ms against ${aimed.cost} ms`);
});

test("a Welcome moved to another bucket does not open", () => {
  const { payload } = wrapped;
  const topic = Uint8Array.from(wrapped.topic);
  topic[1] = (topic[1] ?? 0) ^ 1;
  const outcome = unwrapWelcome({ envelope: { topic, payload }, keyPackages: [bob.own] });
  assert.deepEqual(outcome, { kind: "not-mine" });
});

test("two Welcomes to one recipient share no bytes but their length, whatever group they are for", () => {
  const other = wrapWelcome({ welcome: { ...welcome, group: asId(bytes(32, 9)) }, ...bob });
  assert.ok(Math.abs(other.payload.length - wrapped.payload.length) <= 4);
  assert.notDeepEqual(other.payload.subarray(4, 1124), wrapped.payload.subarray(4, 1124));
});

test("what opens but is no Welcome for that key package is malformed", () => {
  const keyPackages = [bob.own];
  for (const plaintext of [bytes(0, 0), bytes(64, 1), utf8("hello")]) {
    const outcome = unwrapWelcome({ envelope: sealedToBob(plaintext), keyPackages });
    assert.deepEqual(outcome, { kind: "malformed" });
  }
  const foreign = wrapWelcome({ welcome: { ...welcome, keyPackageHash: bytes(32, 0) }, ...bob });
  assert.deepEqual(unwrapWelcome({ envelope: foreign, keyPackages }), { kind: "malformed" });
});

test("no bytes make unwrapping throw", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(255), (at, value) => {
      const payload = Uint8Array.from(wrapped.payload);
      payload[at % payload.length] = value;
      const outcome = unwrapWelcome({ envelope: { ...wrapped, payload }, keyPackages: [bob.own] });
      assert.equal(
        outcome.kind === "welcome",
        wrapped.payload.every((byte, i) => byte === payload[i]),
      );
    }),
    { numRuns: 50 },
  );
});

test("an unusable wrapper key is a coded error", () => {
  assert.throws(
    () => wrapWelcome({ welcome, installation: bob.installation, wrapperKey: bytes(1216, 255) }),
    (error) => isWeftError(error, "malformed"),
  );
});

const bundle = { encryptedGroupInfo: bytes(300, 7), ratchetTree: bytes(150_000, 8) };
const { reference, envelopes } = await sealGroupInfo(bundle);

test("group info opens from its chunks in any order, with junk and repeats beside them", () => {
  assert.equal(reference.chunks, 3);
  for (const envelope of envelopes) assert.ok(envelopeBytes(envelope) <= MAX_ENVELOPE_BYTES);
  const topic = groupInfoTopic(reference.topicId);
  const junk = [
    buildGroupInfoEnvelope({ topic, index: 0, ciphertext: bytes(500, 1) }),
    buildGroupInfoEnvelope({ topic, index: 63, ciphertext: bytes(500, 1) }),
    { topic, payload: bytes(40, 3) },
  ];
  const [first, second, third] = envelopes;
  assert.ok(first && second && third);
  const found = [...junk, third, second, junk[0] ?? first, first, first, ...junk];
  assert.deepEqual(openGroupInfo({ reference, envelopes: found }), { kind: "group-info", bundle });
});

test("missing chunks are named", () => {
  const outcome = openGroupInfo({ reference, envelopes: envelopes.slice(1, 2) });
  assert.deepEqual(outcome, { kind: "incomplete", missing: [0, 2] });
});

test("a chunk counts in its own place, with its own key and count only", () => {
  const incomplete = { kind: "incomplete", missing: [0, 1, 2] };
  const otherKey = { ...reference, key: bytes(32, 0) };
  assert.deepEqual(openGroupInfo({ reference: otherKey, envelopes }), incomplete);
  const fewer = { ...reference, chunks: 2 };
  assert.deepEqual(openGroupInfo({ reference: fewer, envelopes }), { kind: "incomplete", missing: [0, 1] });
});

test("sizes are padded: close ones look alike", async () => {
  const size = async (length: number) => {
    const sealed = await sealGroupInfo({ encryptedGroupInfo: bytes(300, 0), ratchetTree: bytes(length, 1) });
    return sealed.envelopes.map((envelope) => decodeGroupInfoPayload(envelope).ciphertext.length);
  };
  assert.deepEqual(await size(20_000), await size(20_040));
});

test("what does not fit is refused", async () => {
  await assert.rejects(
    sealGroupInfo({ ...bundle, ratchetTree: new Uint8Array(MAX_GROUP_INFO_BYTES) }),
    (error) => isWeftError(error, "too-large"),
  );
  assert.ok(MAX_GROUP_INFO_BYTES / MAX_GROUP_INFO_CHUNKS <= MAX_ENVELOPE_BYTES);
});
