import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { generatePrivateKey } from "viem/accounts";
import { callRpc } from "../../src/devnet/callRpc.ts";
import {
  type Hex,
  linkWallet,
  listInstallations,
  proposeRecovery,
  revokeInstallations,
  setOnline,
  unlinkWallet,
  vetoRecovery,
  type Wallet,
  type WalletPlace,
  type WalletProgress,
  walletFromKey,
} from "../../src/index.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { until } from "../support/until.ts";

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

const newWallet = (): Wallet => walletFromKey(generatePrivateKey());
const reasonOf = (outcome: { kind: string; reason?: string }) => outcome.reason ?? outcome.kind;
const lower = ({ address }: Wallet) => address.toLowerCase();

function placeOf(wallet: Wallet): WalletPlace {
  return { wallet, network: network.chain.network, nodes: network.nodes.map(({ url }) => url) };
}

function ownChain() {
  const [, , , payer] = network.chain.accounts;
  assert.ok(payer);
  return { nodes: [], chain: { rpcUrl: network.chain.rpcUrl, account: payer.privateKey } };
}

/** Whatever was proposed before comes into force. */
async function letDelayPass(seconds: number): Promise<void> {
  const { rpcUrl } = network.chain;
  await callRpc({ rpcUrl, method: "evm_increaseTime", args: [seconds] });
  await callRpc({ rpcUrl, method: "evm_mine", args: [] });
}

async function walletsOf(place: WalletPlace): Promise<Hex[]> {
  const { wallets } = await listInstallations(place);
  return wallets.filter(({ unlinkedBlock }) => unlinkedBlock === undefined).map(({ wallet }) => wallet);
}

test("wallets are linked and unlinked by an open client, by a bare wallet, and past the nodes", async () => {
  await using alice = await openTestClient({ network, name: "alice" });
  await using bob = await openTestClient({ network, name: "bob" });
  const { client } = alice;
  const { inbox } = client;
  const first = walletFromKey(alice.privateKey);
  const secondKey = generatePrivateKey();
  const [second, third] = [walletFromKey(secondKey), newWallet()];

  const told: WalletProgress[] = [];
  const link = { client, newWallet: second, onProgress: (one: WalletProgress) => told.push(one) };
  const linked = { kind: "linked", inbox, isConfirmed: true };
  assert.deepEqual(await linkWallet(link), linked);
  assert.deepEqual(told, [
    { kind: "signing", wallet: lower(first) },
    { kind: "signing", wallet: lower(second) },
    { kind: "sent", times: 1 },
  ]);
  assert.deepEqual(await linkWallet(link), linked, "again is the same as once");
  assert.equal(told.length, 3, "and nobody signs for it");
  await using phone = await openTestClient({ network, name: "alice/2", privateKey: secondKey });
  assert.equal(phone.client.inbox, inbox);
  // Either wallet opens what the other one has set up; a stranger's does not.
  await phone.client[Symbol.asyncDispose]();
  const { directory } = phone;
  const reopened = { network, directory, privateKey: alice.privateKey };
  await using again = await openTestClient(reopened);
  assert.equal(again.client.installation, phone.client.installation);
  await again.client[Symbol.asyncDispose]();
  const foreign = openTestClient({ ...reopened, privateKey: bob.privateKey });
  await assert.rejects(foreign, { code: "bad-config" });

  const others = await linkWallet({ client, newWallet: walletFromKey(bob.privateKey) });
  assert.deepEqual(
    [reasonOf(others), "otherInbox" in others && others.otherInbox],
    ["in-another-inbox", bob.client.inbox],
  );
  const bare = placeOf(second);
  assert.deepEqual(await linkWallet({ ...bare, newWallet: third }), linked);
  assert.deepEqual(new Set(await walletsOf(bare)), new Set([first, second, third].map(lower)));
  assert.equal(reasonOf(await unlinkWallet({ ...bare, oldWallet: first.address })), "not-permitted");
  const unlinked = { kind: "unlinked", inbox, isConfirmed: true };
  assert.deepEqual(await unlinkWallet({ client, oldWallet: third.address }), unlinked);
  assert.equal(reasonOf(await unlinkWallet({ client, oldWallet: third.address })), "not-linked");
  const { privateKey } = bob;
  const last = { client: bob.client, oldWallet: walletFromKey(privateKey).address };
  assert.equal(reasonOf(await unlinkWallet(last)), "last-wallet");

  const past = { ...bare, ...ownChain() };
  assert.deepEqual(await linkWallet({ ...past, newWallet: third }), linked);
  const elsewhere = await linkWallet({ ...past, newWallet: walletFromKey(bob.privateKey) });
  assert.equal(reasonOf(elsewhere), "in-another-inbox");
  const self = { ...past, wallet: third, oldWallet: third.address };
  await assert.rejects(unlinkWallet(self), { code: "no-node" }, "nobody tells whether it is the last");
  assert.deepEqual(await unlinkWallet({ ...self, evenLast: true }), unlinked);
  await until("the nodes know it, too", async () => (await walletsOf(bare)).length === 2);
});

test("a thief's proposal is vetoed; whoever lost the first wallet recovers the inbox with another", async () => {
  await using alice = await openTestClient({ network, name: "alice" });
  const { client } = alice;
  const { inbox } = client;
  const first = walletFromKey(alice.privateKey);
  const [stolen, kept, paper] = [newWallet(), newWallet(), newWallet()];
  for (const wallet of [stolen, kept]) {
    assert.equal((await linkWallet({ client, newWallet: wallet })).kind, "linked");
  }
  const thief = placeOf(stolen);
  const proposal = await proposeRecovery({ ...thief, recovery: stolen.address });
  assert.ok(proposal.kind === "proposed" && proposal.changesAt !== undefined && proposal.isConfirmed);
  const { nextRecovery } = await listInstallations(placeOf(first));
  assert.deepEqual([nextRecovery?.wallet, nextRecovery?.changesAt], [lower(stolen), proposal.changesAt]);
  const early = await unlinkWallet({ ...thief, oldWallet: first.address });
  assert.deepEqual(
    [reasonOf(early), "changesAt" in early && early.changesAt],
    ["too-early", proposal.changesAt],
  );
  assert.equal(reasonOf(await vetoRecovery({ ...thief, recovery: stolen.address })), "not-permitted");
  const vetoed = { kind: "vetoed", inbox, isConfirmed: true };
  assert.deepEqual(await vetoRecovery({ client, recovery: stolen.address }), vetoed);
  assert.equal(reasonOf(await vetoRecovery({ client, recovery: stolen.address })), "nothing-pending");
  assert.equal((await unlinkWallet({ client, oldWallet: stolen.address })).kind, "unlinked");
  assert.equal(
    reasonOf(await proposeRecovery({ ...thief, inbox, recovery: stolen.address })),
    "not-permitted",
  );

  // The first wallet is lost: the one that was kept becomes the recovery wallet, past the nodes as well.
  const saved = placeOf(kept);
  const again = await proposeRecovery({ ...saved, ...ownChain(), recovery: kept.address });
  assert.ok(again.kind === "proposed" && again.changesAt !== undefined);
  const repeated = await proposeRecovery({ ...saved, recovery: kept.address });
  assert.deepEqual(repeated, again);
  await letDelayPass(again.changesAt - Math.floor(Date.now() / 1_000) + 1);
  const inForce = async () => (await listInstallations(saved)).recovery?.wallet === lower(kept);
  await until("the kept wallet in force", inForce);
  assert.equal(reasonOf(await vetoRecovery({ client, recovery: kept.address })), "too-late");
  assert.equal((await unlinkWallet({ ...saved, oldWallet: first.address })).kind, "unlinked");
  const lost = { ...saved, installations: [client.installation] };
  assert.deepEqual(
    (await revokeInstallations(lost)).map(({ kind }) => kind),
    ["revoked"],
  );
  // A wallet that is in no inbox looks after this one.
  const outside = await proposeRecovery({ ...saved, recovery: paper.address });
  assert.ok(outside.kind === "proposed" && outside.changesAt !== undefined);
  await letDelayPass(3 * 24 * 3_600 + 10);
  const guard = { ...placeOf(paper), inbox };
  await until(
    "paper in force",
    async () => (await listInstallations(guard)).recovery?.wallet === lower(paper),
  );
  await assert.rejects(listInstallations(placeOf(paper)), { code: "unknown-record" });
  const last = await unlinkWallet({ ...guard, oldWallet: kept.address });
  assert.equal(reasonOf(last), "last-wallet");
  assert.deepEqual(await walletsOf(guard), [lower(kept)]);
});

test("what can't be is refused before anybody signs; a wallet that declines ends it", async () => {
  await using alice = await openTestClient({ network, name: "alice" });
  const { client } = alice;
  const declining: Wallet = {
    address: newWallet().address,
    signTypedData: () => Promise.reject(new Error("no")),
  };
  await assert.rejects(linkWallet({ client, newWallet: declining }), { code: "bad-signature" });
  const other = newWallet();
  const forged: Wallet = { address: newWallet().address, signTypedData: (data) => other.signTypedData(data) };
  assert.equal(reasonOf(await linkWallet({ client, newWallet: forged })), "bad-signature");
  await assert.rejects(unlinkWallet({ client, oldWallet: "0x12" }), { code: "malformed" });
  const nowhere = { ...placeOf(other), inbox: `0x${"12".repeat(32)}` as const };
  await assert.rejects(linkWallet({ ...nowhere, newWallet: newWallet() }), { code: "unknown-record" });
  await assert.rejects(linkWallet({ ...nowhere, inbox: "0x12", newWallet: other }), { code: "malformed" });
  await setOnline({ client, online: false });
  await assert.rejects(linkWallet({ client, newWallet: other }), { code: "no-node" });
});
