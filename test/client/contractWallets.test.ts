import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { generatePrivateKey } from "viem/accounts";
import { signUnlinkWallet } from "../../src/chain/sign/signIdentity.ts";
import { callRpc } from "../../src/devnet/callRpc.ts";
import {
  createGroup,
  type Hex,
  linkWallet,
  listInstallations,
  type Network,
  openClient,
  proposeRecovery,
  sendMessage,
  unlinkWallet,
  type Wallet,
  type WalletPlace,
  walletFromContract,
  walletFromKey,
} from "../../src/index.ts";
import { asAddress, toHex } from "../../src/wire/ids.ts";
import { deployFixture } from "../support/deployFixture.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { softPasskey } from "../support/softPasskey.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { texts } from "../support/texts.ts";
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
const lower = ({ address }: Wallet) => asAddress(address);
const deploy = (name: string, args: readonly unknown[] = []) =>
  deployFixture({ rpcUrl: network.chain.rpcUrl, name, args });

function reach(): { network: Network; nodes: string[] } {
  return { network: network.chain.network, nodes: network.nodes.map(({ url }) => url) };
}

const placeOf = (wallet: Wallet): WalletPlace => ({ wallet, ...reach() });

/** A client of any wallet, with a database of its own. */
async function openBy(wallet: Wallet) {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await temporaryDirectory());
  const client = stack.use(
    await openClient({ directory, wallet, ...reach(), rotation: "off", consent: "allow" }),
  );
  const owned = stack.move();
  return { client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A wallet's contract that wants its own message signed around each hash, and its present owner. */
async function ownedWallet(owner: Wallet) {
  const { address, abi, client, account } = await deploy("OwnedWallet", [owner.address]);
  const { chainId } = network.chain.network;
  const wallet = walletFromContract({
    ...{ address, owner },
    wrap: ({ digest }) => ({
      domain: { name: "Owned Wallet", version: "1", chainId, verifyingContract: address },
      types: { WalletMessage: [{ name: "hash", type: "bytes32" }] },
      primaryType: "WalletMessage",
      message: { hash: digest },
    }),
  });
  const setOwner = async (next: Hex) => {
    const call = { address, abi, functionName: "setOwner", args: [next] };
    const hash = await client.writeContract({
      ...call,
      account,
      chain: null,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 0n,
    });
    await client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
  };
  return { wallet, setOwner };
}

test("a contract founds an inbox, and what it has agreed to counts when its owner has changed", async () => {
  const { wallet, setOwner } = await ownedWallet(newWallet());
  await using alice = await openBy(wallet);
  await using bob = await openTestClient({ network, name: "bob" });
  const { client } = alice;
  const { group, intent } = await createGroup({ client, name: "contracts", members: [bob.client.inbox] });
  assert.deepEqual(await intent.settled, { kind: "delivered" });
  await until("bob in", () => isMember(bob, group));
  const second = newWallet();
  assert.equal((await linkWallet({ client, newWallet: second })).kind, "linked");

  await setOwner(newWallet().address);
  const changed = await linkWallet({ client, newWallet: newWallet() });
  assert.equal(reasonOf(changed), "bad-signature");
  const list = await listInstallations({ client: bob.client, inbox: client.inbox });
  assert.deepEqual(
    list.installations.map(({ installation, vouchedBy }) => [installation, vouchedBy]),
    [[client.installation, "contract"]],
  );
  const said = await sendMessage({ client, group, text: "still myself" });
  assert.deepEqual(await said.settled, { kind: "delivered" });
  await until("bob reads it", async () => (await texts(bob, group)).includes("still myself"));
  // The contract no longer signs, and the wallet beside it does.
  const { wallets } = await listInstallations(placeOf(second));
  assert.deepEqual(
    wallets.map(({ wallet: one, vouchedBy }) => [one, vouchedBy]),
    [
      [lower(wallet), "contract"],
      [lower(second), "contract"],
    ],
  );
  await using phone = await openBy(second);
  assert.equal(phone.client.inbox, client.inbox);
  await until("the phone in the group", () => isMember(phone, group));
});

test("contracts that answer late, garbage or for somebody else are no wallets", async () => {
  await using alice = await openTestClient({ network, name: "alice" });
  const { client } = alice;
  const owner = newWallet();
  const contracts = [
    await deploy("BurningWallet"),
    await deploy("ParrotWallet", ["0x1626ba7e"]),
    await deploy("ParrotWallet", ["0x"]),
    await deploy("KeyWallet", [newWallet().address]),
  ];
  for (const { address } of contracts) {
    const newWallet = walletFromContract({ address, owner });
    assert.equal(reasonOf(await linkWallet({ client, newWallet })), "bad-signature");
  }
  const nothing = walletFromContract({ address: newWallet().address, owner });
  assert.equal(reasonOf(await linkWallet({ client, newWallet: nothing })), "bad-signature");
  const { address } = await deploy("KeyWallet", [owner.address]);
  const plain = walletFromContract({ address, owner });
  assert.equal((await linkWallet({ client, newWallet: plain })).kind, "linked");
  assert.equal((await unlinkWallet({ client, by: plain, oldWallet: address })).kind, "unlinked");
});

test("passkeys found an inbox, are linked to others, and propose, with wallets that nodes make", async () => {
  const { network: here } = reach();
  const [first, second] = [softPasskey(), softPasskey()];
  const wallet = first.walletOn(here);
  const codeOf = (address: Hex) =>
    callRpc<Hex>({ rpcUrl: network.chain.rpcUrl, method: "eth_getCode", args: [address, "latest"] });
  assert.equal(await codeOf(wallet.address), "0x");
  await using alice = await openBy(wallet);
  const { client } = alice;
  assert.notEqual(await codeOf(wallet.address), "0x");
  const other = second.walletOn(here);
  assert.equal((await linkWallet({ client, newWallet: other })).kind, "linked");
  const proposal = await proposeRecovery({ ...placeOf(other), recovery: other.address });
  assert.equal(proposal.kind, "proposed");
  // Past the nodes the client's own account makes the wallet.
  const [, , , payer] = network.chain.accounts;
  assert.ok(payer);
  const chain = { rpcUrl: network.chain.rpcUrl, account: payer.privateKey };
  const third = softPasskey().walletOn(here);
  const past = await linkWallet({ ...placeOf(wallet), nodes: [], chain, newWallet: third });
  assert.equal(past.kind, "linked");
  // Without the key nobody makes it, and a key that is not the wallet's makes nothing.
  const { passkey: _, ...keyless } = softPasskey().walletOn(here);
  assert.equal(reasonOf(await linkWallet({ client, newWallet: keyless })), "bad-signature");
  const foreign = { ...softPasskey().walletOn(here), passkey: first.passkey };
  await assert.rejects(linkWallet({ client, newWallet: foreign }), { code: "malformed" });
  assert.equal(await codeOf(foreign.address), "0x");
});

test("a nonce that is used, a deadline that has passed and another network's signature end it by name", async () => {
  await using alice = await openTestClient({ network, name: "alice" });
  const { client } = alice;
  const [slow, quick, late] = [newWallet(), newWallet(), newWallet()];
  const own = walletFromKey(alice.privateKey);
  const delayed = (wallet: Wallet, wait: () => Promise<unknown>): Wallet => ({
    address: wallet.address,
    signTypedData: async (data) => {
      await wait();
      return await wallet.signTypedData(data);
    },
  });
  const meanwhile = delayed(slow, () => linkWallet({ client, newWallet: quick }));
  assert.equal(reasonOf(await linkWallet({ client, newWallet: meanwhile })), "nonce-used");

  const [node] = network.nodes;
  assert.ok(node);
  const elsewhere = {
    ...network.chain.network,
    identityRegistry: asAddress(toHex(new Uint8Array(20).fill(7))),
  };
  const signed = await signUnlinkWallet({
    ...{ network: elsewhere, inbox: client.inbox, wallet: lower(quick) },
    by: { wallet: own, nonce: (await node.api.getWallet({ wallet: lower(own) })).nonce },
  });
  const outcome = await node.api.relayIdentity(signed);
  assert.deepEqual([outcome.kind, "code" in outcome && outcome.code], ["refused", "bad-signature"]);
  const wrong = { ...placeOf(own), network: { ...elsewhere, chainId: 5 }, newWallet: late };
  await assert.rejects(linkWallet(wrong), { code: "wrong-chain" });

  const { rpcUrl } = network.chain;
  const twoHours = delayed(late, async () => {
    await callRpc({ rpcUrl, method: "evm_increaseTime", args: [7_200] });
    await callRpc({ rpcUrl, method: "evm_mine", args: [] });
  });
  assert.equal(reasonOf(await linkWallet({ client, newWallet: twoHours })), "expired");
});
