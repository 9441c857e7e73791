import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomBytes } from "#crypto";
import { signRevokeInstallation } from "../../src/chain/sign/signIdentity.ts";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { XWING_ENCAPSULATION_LENGTH, XWING_PUBLIC_KEY_LENGTH } from "../../src/crypto/xwing.ts";
import { type ErrorCode, errorHints } from "../../src/errors.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { asAddress, asId, type GroupId, type InstallationKey } from "../../src/wire/ids.ts";
import { buildKeyPackageEnvelope, type KeyPackageRecord } from "../../src/wire/keyPackageRecord.ts";
import { MAX_ENTRY_PAYLOAD_BYTES } from "../../src/wire/limits.ts";
import { groupInfoTopic, groupTopic, welcomeTopic } from "../../src/wire/topic.ts";
import { buildGroupInfoEnvelope, buildWelcomeEnvelope } from "../../src/wire/welcomePayload.ts";
import { historyOf } from "../support/historyOf.ts";
import { registerTestInbox, type TestInbox } from "../support/registerTestInbox.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import {
  startTestConversation,
  type TestConversation,
  testPoster,
} from "../support/startTestConversation.ts";
import { startTestNode, type TestNode } from "../support/startTestNode.ts";
import { testAuthority, testEntry, testGroup } from "../support/testGroup.ts";
import { until } from "../support/until.ts";

let chain: TestChain;
let node: TestNode;
let conversation: TestConversation;

before(async () => {
  chain = await startTestChain();
  node = await startTestNode({ chain, account: 1 });
  conversation = await startTestConversation({ network: chain.network, api: node.api });
});

after(async () => {
  await node[Symbol.asyncDispose]();
  await chain[Symbol.asyncDispose]();
});

test("strangers, forgers and those of an unknown head can't post to a group", async () => {
  const { network } = chain;
  const { group, first, post } = conversation;
  const stranger = testPoster({ network, group, head: first.id, authority: testAuthority() });
  await assertRefused(stranger("let me in"), "not-a-member");

  const good = post("hello");
  const forged = good.payload.slice();
  forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
  await assertRefused({ ...good, payload: forged }, "bad-signature");

  const unknown = testEntry({ network, group, parent: first.id, signer: first.authority });
  const early = testPoster({ network, group, head: unknown.id, authority: unknown.authority });
  const hint = await assertRefused(early("too early"), "unknown-head");
  assert.match(hint, /block \d+/);

  const { group: other } = testGroup();
  const elsewhere = testPoster({ network, group: other, head: first.id, authority: first.authority });
  await assertRefused(elsewhere("a head of another group"), "unknown-head");
  await assertRefused({ ...good, topic: groupTopic(other) }, "unknown-head");
});

test("commits are sent to the chain, messages to the mesh", async () => {
  const { group, first, post } = conversation;
  const commit = concatBytes(Uint8Array.of(0, 1, 0, 1), randomBytes(64));
  await assertRefused({ topic: groupTopic(group), payload: commit }, "chain-payload-on-mesh");
  const at = { network: chain.network, group, parent: first.id, signer: first.authority };
  const { append } = testEntry(at);
  const message = { ...append, payload: post("to the chain").payload };
  await assertRelayRefused(message, "mesh-payload-on-chain");
});

test("malformed, oversized and unknown envelopes are refused", async () => {
  const { group, post } = conversation;
  const good = post("good");
  await assertRefused({ topic: groupTopic(group), payload: randomBytes(200) }, "malformed");
  await assertRefused({ ...good, payload: concatBytes(good.payload, Uint8Array.of(0)) }, "malformed");
  await assertRefused({ ...good, topic: good.topic.subarray(1) }, "malformed");
  await assertRefused({ ...good, payload: randomBytes(128 * 1024) }, "too-large");
  await assertRefused(
    { topic: concatBytes(Uint8Array.of(9), randomBytes(32)), payload: good.payload },
    "unknown-topic",
  );
  const topics = [{ topic: concatBytes(Uint8Array.of(9), randomBytes(32)) }];
  await assert.rejects(node.api.query({ topics }), { code: "unknown-topic" });
});

test("Welcomes and group infos need their proof of work", async () => {
  const welcome = buildWelcomeEnvelope({
    topic: welcomeTopic(asId(randomBytes(32))),
    encapsulatedKey: randomBytes(XWING_ENCAPSULATION_LENGTH),
    ciphertext: randomBytes(512),
    viewTag: 7,
  });
  await assertAcknowledged(welcome);
  const info = buildGroupInfoEnvelope({
    topic: groupInfoTopic(randomBytes(32)),
    index: 0,
    ciphertext: randomBytes(999),
  });
  await assertAcknowledged(info);
  await assertRefused({ ...welcome, topic: welcomeTopic(asId(new Uint8Array(32).fill(7))) }, "bad-signature");
  await assertRefused({ ...info, topic: groupInfoTopic(randomBytes(32)) }, "bad-signature");
  await assertRefused({ ...info, payload: randomBytes(99) }, "malformed");
});

test("key packages are judged by registry, chain, expiry and generation", async () => {
  const { network } = chain;
  const { api } = node;
  const me = await registerTestInbox({ network, api });
  const record = recordOf(me);
  await assertAcknowledged(sealed(me, record));
  const newer = sealed(me, { ...record, generation: 7 });
  await assertAcknowledged(newer);
  assert.deepEqual(await api.getKeyPackages({ installations: [me.installation, asId(randomBytes(32))] }), [
    newer,
    undefined,
  ]);
  assert.equal(
    (await api.publish({ envelopes: [newer] }))[0]?.kind,
    "acknowledged",
    "the same bytes are no replay",
  );

  await assertRefused(sealed(me, { ...record, generation: 6 }), "replayed");
  await assertRefused(sealed(me, { ...record, generation: 7, expiresAt: record.expiresAt + 1 }), "replayed");
  const next = { ...record, generation: 8 };
  await assertRefused(sealed(me, { ...next, expiresAt: 1 }), "expired");
  await assertRefused(sealed(me, { ...next, chainId: 1 }), "wrong-chain");
  await assertRefused(sealed(me, { ...next, inbox: asId(randomBytes(32)) }), "unknown-record");
  const other = await registerTestInbox({ network, api });
  const stolen = buildKeyPackageEnvelope({
    record: next,
    installationPrivateKey: other.installationPrivateKey,
  });
  await assertRefused(stolen, "bad-signature");
  await assertRefused({ ...sealed(me, next), topic: sealed(other, recordOf(other)).topic }, "bad-signature");

  const { inbox, installation, wallet } = me;
  const revocation = await signRevokeInstallation({ network, inbox, installation, wallet });
  assert.equal((await api.relayIdentity(revocation)).kind, "submitted");
  await until("the revocation", async () => {
    const history = await historyOf({ network, api, inbox });
    return history?.installations[0]?.revokedBlock !== undefined;
  });
  await assertRefused(sealed(me, next), "revoked");
  assert.deepEqual(await api.relayIdentity(revocation), { kind: "exists" });
});

test("wallets are told with inbox and nonce, and replayed identity messages are refused", async () => {
  const { network } = chain;
  const { api } = node;
  const me = await registerTestInbox({ network, api });
  const wallet = asAddress(me.wallet.address);
  assert.deepEqual(await api.getWallet({ wallet }), { inbox: me.inbox, nonce: 1n });
  const history = await historyOf({ network, api, inbox: me.inbox });
  assert.deepEqual([history?.wallets[0]?.wallet, history?.recovery.wallet], [wallet, wallet]);
  assert.equal(await historyOf({ network, api, inbox: asId(randomBytes(32)) }), undefined);
  const { inbox, installation } = me;
  const consent = { signer: wallet, nonce: 1n, deadline: 2n ** 40n, signature: randomBytes(65) };
  const add = (change: Partial<typeof consent>) =>
    api.relayIdentity({
      kind: "add-installation",
      inbox,
      installation: asId<InstallationKey>(randomBytes(32)),
      installationSignature: randomBytes(64),
      wallet: { ...consent, ...change },
    });
  await assertOutcome(add({ nonce: 0n }), "replayed");
  await assertOutcome(add({}), "bad-signature");
  await assertOutcome(add({ deadline: 1n }), "expired");
  const revoke = {
    kind: "revoke-installation",
    inbox,
    installation,
    by: wallet,
    signature: randomBytes(65),
  } as const;
  await assertOutcome(api.relayIdentity(revoke), "bad-signature");
});

test("appends of unknown parents, strangers and giants are refused", async () => {
  const { network } = chain;
  const { group, first } = conversation;
  const unknown = testEntry({ network, group, parent: first.id, signer: first.authority });
  const orphan = testEntry({ network, group, parent: unknown.id, signer: unknown.authority });
  await assertRelayRefused(orphan.append, "unknown-parent");
  const at = { network, group, parent: first.id };
  await assertRelayRefused(testEntry({ ...at, signer: testAuthority() }).append, "bad-signature");
  const giant = testEntry({ ...at, signer: first.authority, size: MAX_ENTRY_PAYLOAD_BYTES });
  await assertRelayRefused(giant.append, "too-large");
  await assertRelayRefused(
    testEntry({ ...at, group: asId<GroupId>(randomBytes(32)), signer: first.authority }).append,
    "unknown-parent",
  );
});

function recordOf({ inbox, installation }: TestInbox): KeyPackageRecord {
  return {
    chainId: chain.network.chainId,
    registry: chain.network.identityRegistry,
    inbox,
    installation,
    generation: 1,
    expiresAt: Math.floor(Date.now() / 1000) + 3600,
    keyPackage: randomBytes(300),
    wrapperKey: randomBytes(XWING_PUBLIC_KEY_LENGTH),
  };
}

function sealed({ installationPrivateKey }: TestInbox, record: KeyPackageRecord): Envelope {
  return buildKeyPackageEnvelope({ record, installationPrivateKey });
}

async function assertAcknowledged(envelope: Envelope): Promise<void> {
  const [outcome] = await node.api.publish({ envelopes: [envelope] });
  assert.equal(outcome?.kind, "acknowledged");
}

/** Returns the hint that came along; every code has one of its own. */
async function assertRefused(envelope: Envelope, code: ErrorCode): Promise<string> {
  const [outcome] = await node.api.publish({ envelopes: [envelope] });
  assert(outcome?.kind === "refused", `acknowledged instead of ${code}`);
  assert.equal(outcome.code, code);
  assert(outcome.hint.length >= errorHints[code].length / 4);
  return outcome.hint;
}

async function assertRelayRefused(
  append: Parameters<TestNode["api"]["relayAppend"]>[0],
  code: ErrorCode,
): Promise<void> {
  await assertOutcome(node.api.relayAppend(append), code);
}

async function assertOutcome(
  call: ReturnType<TestNode["api"]["relayAppend"]>,
  code: ErrorCode,
): Promise<void> {
  const outcome = await call;
  assert(outcome.kind === "refused", `${outcome.kind} instead of ${code}`);
  assert.equal(outcome.code, code);
}
