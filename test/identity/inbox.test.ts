import assert from "node:assert/strict";
import { test } from "node:test";
import { createInstallation } from "../../src/identity/createInstallation.ts";
import { credentialOf, ownerOfLeaf } from "../../src/identity/credential.ts";
import { activeAt, activeInstallations, type KnownInbox, revokedAt } from "../../src/identity/inbox.ts";
import { asId, fromHex, type InboxId } from "../../src/wire/ids.ts";

const inbox = asId<InboxId>(new Uint8Array(32).fill(1));
const [phone, laptop] = [createInstallation(), createInstallation()];

const record: KnownInbox = {
  inbox,
  installations: [
    { installation: phone.key, addedBlock: 5, revokedBlock: 20 },
    { installation: laptop.key, addedBlock: 10, revokedBlock: undefined },
  ],
};

test("an installation is active from the end of its first block to the end before its revocation", () => {
  const phoneAt = (block: number) => activeAt({ inbox: record, installation: phone.key, block });
  assert.deepEqual([4, 5, 19, 20, 99].map(phoneAt), [false, true, true, false, false]);
  const laptopAt = (block: number) => activeAt({ inbox: record, installation: laptop.key, block });
  assert.deepEqual([9, 10, 99].map(laptopAt), [false, true, true]);
  assert.deepEqual(activeInstallations({ inbox: record, block: 15 }), [phone.key, laptop.key]);
  assert.deepEqual(activeInstallations({ inbox: record, block: 20 }), [laptop.key]);
  const stranger = createInstallation().key;
  assert.equal(activeAt({ inbox: record, installation: stranger, block: 15 }), false);
  assert.equal(activeAt({ inbox: undefined, installation: phone.key, block: 15 }), false);
  const revoked = (block: number) => revokedAt({ inbox: record, installation: phone.key, block });
  assert.deepEqual([19, 20].map(revoked), [false, true]);
});

test("a leaf's owner is its inbox and its signature key", () => {
  const leaf = { identity: credentialOf(inbox), signatureKey: fromHex(phone.key) };
  assert.deepEqual(ownerOfLeaf(leaf), { inbox, installation: phone.key });
  assert.equal(ownerOfLeaf({ ...leaf, identity: leaf.identity.subarray(1) }), undefined);
});
