import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { generateEd25519, randomBytes } from "#crypto";
import { inboxIdOf } from "../../src/chain/layout/inboxIdOf.ts";
import { readInbox } from "../../src/chain/read/readInbox.ts";
import { readInstallation } from "../../src/chain/read/readInstallation.ts";
import { readWallet } from "../../src/chain/read/readWallet.ts";
import { type IdentityOutcome, relayIdentity } from "../../src/chain/relay/relayIdentity.ts";
import {
  type Signer,
  signAddInstallation,
  signCreateInbox,
  signLinkWallet,
  signRevokeInstallation,
  signSetRecovery,
  signUnlinkWallet,
  signVetoRecovery,
} from "../../src/chain/sign/signIdentity.ts";
import type { Wallet } from "../../src/chain/sign/wallet.ts";
import { openRelayer, type Relayer } from "../../src/chain/submit/openRelayer.ts";
import { waitForTransaction } from "../../src/chain/submit/waitForTransaction.ts";
import { isWeftError } from "../../src/errors.ts";
import type { IdentityAction } from "../../src/wire/identityAction.ts";
import { asAddress, asId, type Hex, type InboxId, type InstallationKey, toHex } from "../../src/wire/ids.ts";
import { signInstallationProof } from "../../src/wire/installationProof.ts";
import { readRecords } from "../support/readRecords.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";

let local: TestChain;
let relayer: Relayer;

before(async () => {
  local = await startTestChain();
  relayer = openRelayer({ privateKey: account(1).privateKey });
});
after(() => local[Symbol.asyncDispose]());

function account(index: number) {
  const found = local.accounts[index];
  assert(found);
  return found;
}

const newWallet = () => privateKeyToAccount(generatePrivateKey());

async function signer(wallet: Wallet): Promise<Signer> {
  const { nonce } = await readWallet({ chain: local.chain, wallet: asAddress(wallet.address) });
  return { wallet, nonce };
}

function newInstallation(inbox: InboxId): {
  installation: InstallationKey;
  installationSignature: Uint8Array;
} {
  const { publicKey, privateKey } = generateEd25519();
  const installationSignature = signInstallationProof({ network: local.network, inbox, privateKey });
  return { installation: asId(publicKey), installationSignature };
}

async function relay(action: IdentityAction): Promise<IdentityOutcome> {
  return await relayIdentity({ chain: local.chain, relayer, action });
}

async function land(action: IdentityAction): Promise<void> {
  const outcome = await relay(action);
  assert.equal(outcome.kind, "submitted", JSON.stringify(outcome));
  if (outcome.kind !== "submitted") return;
  const { kind } = await waitForTransaction({ chain: local.chain, transaction: outcome.transaction });
  assert.equal(kind, "mined");
}

async function newInbox() {
  const { network } = local;
  const wallet = newWallet();
  const salt: Hex = toHex(randomBytes(32));
  const inbox = inboxIdOf({ wallet: asAddress(wallet.address), salt });
  const added = newInstallation(inbox);
  const create = await signCreateInbox({ network, salt, ...added, signer: await signer(wallet) });
  await land(create);
  return { inbox, wallet, create, ...added };
}

const code = (outcome: IdentityOutcome) => (outcome.kind === "refused" ? outcome.code : outcome.kind);

test("an inbox is created with its first installation, once", async () => {
  const { chain } = local;
  const { inbox, wallet, create, installation } = await newInbox();
  const address = asAddress(wallet.address);
  assert.equal((await relay(create)).kind, "exists");
  const other = { ...create, installation: newInstallation(inbox).installation };
  assert.equal(code(await relay(other)), "not-allowed");
  assert.deepEqual(await readWallet({ chain, wallet: address }), { inbox, nonce: 1n });
  assert.equal((await readInbox({ chain, inbox }))?.recovery, address);
  assert.equal((await readInbox({ chain, inbox }))?.activeInstallations, 1);
  const state = await readInstallation({ chain, inbox, installation });
  assert.deepEqual([state?.addedBy, state?.revokedBlock], [address, undefined]);
  const records = (await readRecords({ chain })).filter(
    (record) => "inbox" in record && record.inbox === inbox,
  );
  assert.deepEqual(
    records.map((record) => record.kind),
    ["inbox-created", "installation-added"],
  );
});

test("every kind of identity record lands, is read back and is done only once", async () => {
  const { network, chain } = local;
  const { inbox, wallet, installation } = await newInbox();
  const second = newWallet();
  const recovery = asAddress(newWallet().address);
  const added = newInstallation(inbox);

  const link = await signLinkWallet({
    network,
    inbox,
    by: await signer(wallet),
    wallet: await signer(second),
  });
  await land(link);
  assert.equal(code(await relay(link)), "exists");
  const add = await signAddInstallation({ network, inbox, ...added, signer: await signer(second) });
  await land(add);
  assert.equal(code(await relay(add)), "exists");
  const revoke = await signRevokeInstallation({ network, inbox, installation, wallet });
  await land(revoke);
  assert.equal(code(await relay(revoke)), "exists");
  await land(await signSetRecovery({ network, inbox, recovery, by: await signer(second) }));
  await land(await signVetoRecovery({ network, inbox, recovery, by: await signer(wallet) }));
  const unlink = await signUnlinkWallet({
    network,
    inbox,
    wallet: asAddress(second.address),
    by: await signer(wallet),
  });
  await land(unlink);
  assert.equal(code(await relay(unlink)), "exists");

  const records = (await readRecords({ chain })).filter(
    (record) => "inbox" in record && record.inbox === inbox,
  );
  assert.deepEqual(
    records.map((record) => record.kind),
    [
      "inbox-created",
      "installation-added",
      "wallet-linked",
      "installation-added",
      "installation-revoked",
      "recovery-proposed",
      "recovery-vetoed",
      "wallet-unlinked",
    ],
  );
  const [linked] = records.filter((record) => record.kind === "wallet-linked");
  assert.deepEqual(linked?.byConsent.signature, link.by.signature);
  assert.deepEqual(linked?.walletConsent.nonce, link.wallet.nonce);
});

test("what the registry refuses comes back by name, and nothing is sent", async () => {
  const { network, chain } = local;
  const { inbox, wallet, installation } = await newInbox();
  const stranger = newWallet();
  const [byWallet, byStranger] = [await signer(wallet), await signer(stranger)];
  const added = newInstallation(inbox);
  const sent = async () =>
    await chain.client.request({
      method: "eth_getTransactionCount",
      params: [relayer.address, "pending"],
    });
  const before = await sent();

  const wrong = await signAddInstallation({ network, inbox, ...added, signer: byWallet });
  const forged = { ...wrong, wallet: { ...wrong.wallet, signature: new Uint8Array(65) } };
  assert.equal(code(await relay(forged)), "bad-signature");
  const late = { ...byWallet, deadline: 1n };
  assert.equal(
    code(await relay(await signAddInstallation({ network, inbox, ...added, signer: late }))),
    "expired",
  );
  const replayed = { ...byWallet, nonce: 0n };
  assert.equal(
    code(await relay(await signAddInstallation({ network, inbox, ...added, signer: replayed }))),
    "replayed",
  );
  assert.equal(
    code(await relay(await signAddInstallation({ network, inbox, ...added, signer: byStranger }))),
    "not-allowed",
  );
  assert.equal(
    code(await relay(await signRevokeInstallation({ network, inbox, installation, wallet: stranger }))),
    "not-allowed",
  );
  assert.equal(
    code(await relay(await signRevokeInstallation({ network, inbox, ...added, wallet }))),
    "unknown-record",
  );
  assert.equal(await sent(), before);

  await land(await signRevokeInstallation({ network, inbox, installation, wallet }));
  const again = await signAddInstallation({
    network,
    inbox,
    installation,
    installationSignature: added.installationSignature,
    signer: byWallet,
  });
  assert.equal(code(await relay(again)), "revoked");
});

test("an addition that the installation did not sign is told whole, as void", async () => {
  const { network, chain } = local;
  const { inbox, wallet } = await newInbox();
  const added = newInstallation(inbox);
  const other = newInstallation(asId(randomBytes(32)));
  const stolen = { installation: added.installation, installationSignature: other.installationSignature };
  await land(await signAddInstallation({ network, inbox, ...stolen, signer: await signer(wallet) }));
  const records = await readRecords({ chain });
  const found = records.filter(
    (r) => r.kind === "installation-added" && r.installation === added.installation,
  );
  assert.deepEqual(
    found.map((record) => record.kind === "installation-added" && record.isVoid),
    [true],
  );
});

test("a wallet that declines is a fault with its cause", async () => {
  const cause = new Error("the user said no");
  const wallet: Wallet = { address: newWallet().address, signTypedData: () => Promise.reject(cause) };
  const inbox: InboxId = asId(randomBytes(32));
  const params = {
    network: local.network,
    inbox,
    installation: asId<InstallationKey>(randomBytes(32)),
    wallet,
  };
  await assert.rejects(
    signRevokeInstallation(params),
    (error) => isWeftError(error, "bad-signature") && error.cause === cause,
  );
});
