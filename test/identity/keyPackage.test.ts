import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { xwingKeyPairFromSeed } from "../../src/crypto/xwing.ts";
import {
  checkKeyPackageRecord,
  chooseKeyPackage,
  type KeyPackageRefusal,
} from "../../src/identity/chooseKeyPackage.ts";
import { createInstallation } from "../../src/identity/createInstallation.ts";
import {
  createKeyPackageRecord,
  KEY_PACKAGE_LIFETIME_SECONDS,
} from "../../src/identity/createKeyPackageRecord.ts";
import {
  canForget,
  KEY_PACKAGE_GRACE_MS,
  needsRotation,
  USED_KEY_PACKAGE_GRACE_MS,
} from "../../src/identity/keyPackageAge.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { asId, type InboxId } from "../../src/wire/ids.ts";
import {
  buildKeyPackageEnvelope,
  decodeKeyPackageRecord,
  type KeyPackageRecord,
} from "../../src/wire/keyPackageRecord.ts";
import { keyPackageTopic } from "../../src/wire/topic.ts";
import { testNetwork as network } from "../support/testNetwork.ts";

const nowMs = Date.UTC(2026, 0, 1);
const inbox = asId<InboxId>(new Uint8Array(32).fill(1));
const [phone, laptop] = [createInstallation(), createInstallation()];
const known = { inbox, installations: [{ installation: phone.key, addedBlock: 5, revokedBlock: 50 }] };
const situation = { installation: phone.key, inbox: known, network, block: 10, nowMs };

function create(generation: number, installation = phone, of = inbox) {
  return createKeyPackageRecord({ network, inbox: of, installation, generation, nowMs });
}

/** The record of `create(1)` with changes, signed by the phone. */
function changed(change: Partial<KeyPackageRecord>): Envelope {
  const record = { ...decodeKeyPackageRecord(create(1).envelope), ...change };
  return buildKeyPackageEnvelope({ record, installationPrivateKey: phone.privateKey });
}

function refused(
  reason: KeyPackageRefusal,
  envelope: Envelope,
  change: Partial<typeof situation> = {},
): void {
  const outcome = checkKeyPackageRecord({ ...situation, ...change, envelope });
  assert.deepEqual(outcome, { kind: "refused", reason });
}

test("a created record is usable, and its secrets belong to it", () => {
  const { own, envelope } = create(3);
  const outcome = checkKeyPackageRecord({ ...situation, envelope });
  assert.ok(outcome.kind === "usable");
  const { record } = outcome;
  assert.deepEqual(
    [record.generation, record.installation, record.inbox, record.keyPackage],
    [3, phone.key, inbox, own.keyPackage],
  );
  assert.deepEqual(record.wrapperKey, xwingKeyPairFromSeed(own.wrapperSeed).publicKey);
  assert.equal(record.expiresAt, nowMs / 1000 + KEY_PACKAGE_LIFETIME_SECONDS);
});

test("each way of being wrong has its name", () => {
  const { envelope } = create(1);
  refused("malformed", { ...envelope, payload: envelope.payload.subarray(1) });
  refused("other-installation", create(1, laptop).envelope);
  const forged = Uint8Array.from(envelope.payload);
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  refused("bad-signature", { ...envelope, payload: forged });
  refused("bad-signature", { ...envelope, topic: keyPackageTopic(laptop.key) });
  refused("wrong-chain", changed({ chainId: 1 }));
  refused("wrong-chain", changed({ registry: network.commitLog }));
  refused("wrong-inbox", create(1, phone, asId(new Uint8Array(32))).envelope);
  refused("inactive-installation", envelope, { block: 4 });
  refused("inactive-installation", envelope, { block: 50 });
  refused("expired", envelope, { nowMs: nowMs + KEY_PACKAGE_LIFETIME_SECONDS * 1000 });
  refused("bad-key-package", changed({ keyPackage: new Uint8Array(100) }));
  refused("foreign-key-package", changed({ keyPackage: create(1, laptop).own.keyPackage }));
  const elsewhere = asId<InboxId>(new Uint8Array(32).fill(9));
  refused("foreign-key-package", changed({ keyPackage: create(1, phone, elsewhere).own.keyPackage }));
});

test("no bytes make the check throw", () => {
  const { envelope } = create(1);
  fc.assert(
    fc.property(fc.nat(), fc.nat(255), (at, value) => {
      const payload = Uint8Array.from(envelope.payload);
      payload[at % payload.length] = value;
      const outcome = checkKeyPackageRecord({ ...situation, envelope: { ...envelope, payload } });
      assert.equal(
        outcome.kind === "usable",
        envelope.payload.every((byte, i) => byte === payload[i]),
      );
    }),
  );
});

test("of several nodes' answers the highest usable generation counts", () => {
  const envelopes = [create(4), create(6), create(5)].map(({ envelope }) => envelope);
  const strangers = create(9, laptop).envelope;
  const { record, refused: reasons } = chooseKeyPackage({
    ...situation,
    envelopes: [...envelopes, strangers],
  });
  assert.equal(record?.generation, 6);
  assert.deepEqual(reasons, ["other-installation"]);
  assert.deepEqual(chooseKeyPackage({ ...situation, envelopes: [] }), { record: undefined, refused: [] });
});

test("a key package is rotated once used or at half its life, and its secrets go after the grace", () => {
  const { own } = create(1);
  const halfLifeMs = (KEY_PACKAGE_LIFETIME_SECONDS * 1000) / 2;
  assert.equal(needsRotation({ own, used: false, nowMs }), false);
  assert.equal(needsRotation({ own, used: true, nowMs }), true);
  assert.equal(needsRotation({ own, used: false, nowMs: nowMs + halfLifeMs }), true);
  for (const [used, graceMs] of [
    [false, KEY_PACKAGE_GRACE_MS],
    [true, USED_KEY_PACKAGE_GRACE_MS],
  ] as const) {
    const superseded = { supersededAtMs: nowMs, used };
    assert.equal(canForget({ ...superseded, nowMs: nowMs + graceMs - 1 }), false);
    assert.equal(canForget({ ...superseded, nowMs: nowMs + graceMs }), true);
  }
});
