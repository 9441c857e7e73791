import assert from "node:assert/strict";
import { test } from "node:test";
import { createInstallation } from "../../src/identity/createInstallation.ts";
import { credentialOf, ownerOfLeaf } from "../../src/identity/credential.ts";
import {
  activeAt,
  activeInstallations,
  checkInbox,
  type InboxRecord,
  revokedAt,
} from "../../src/identity/inbox.ts";
import { asAddress, asId, fromHex, type InboxId } from "../../src/wire/ids.ts";
import { signInstallationProof } from "../../src/wire/installationProof.ts";
import { testNetwork as network } from "../support/testNetwork.ts";

const inbox = asId<InboxId>(new Uint8Array(32).fill(1));
const wallet = asAddress(new Uint8Array(20).fill(2));
const [phone, laptop] = [createInstallation(), createInstallation()];

function spanOf(installation: typeof phone, addedBlock: number, revokedBlock?: number, of = inbox) {
  const { key, privateKey } = installation;
  const signature = signInstallationProof({ network, inbox: of, privateKey });
  return { installation: key, wallet, addedBlock, revokedBlock, signature };
}

const record: InboxRecord = {
  inbox,
  wallets: [{ wallet, linkedBlock: 5, unlinkedBlock: undefined }],
  installations: [spanOf(phone, 5, 20), spanOf(laptop, 10)],
  recovery: wallet,
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

test("an installation that never agreed to enter the inbox is left out", () => {
  assert.deepEqual(checkInbox({ record, inbox, network }), record);
  const elsewhere = asId<InboxId>(new Uint8Array(32).fill(9));
  const foreign = { ...record, installations: [spanOf(phone, 5, undefined, elsewhere), spanOf(laptop, 10)] };
  assert.deepEqual(checkInbox({ record: foreign, inbox, network })?.installations, [spanOf(laptop, 10)]);
  const otherChain = { ...network, chainId: network.chainId + 1 };
  assert.deepEqual(checkInbox({ record, inbox, network: otherChain })?.installations, []);
});

test("a record of another inbox is no answer", () => {
  assert.equal(checkInbox({ record, inbox: asId(new Uint8Array(32)), network }), undefined);
});

test("a leaf's owner is its inbox and its signature key", () => {
  const leaf = { identity: credentialOf(inbox), signatureKey: fromHex(phone.key) };
  assert.deepEqual(ownerOfLeaf(leaf), { inbox, installation: phone.key });
  assert.equal(ownerOfLeaf({ ...leaf, identity: leaf.identity.subarray(1) }), undefined);
});
