import assert from "node:assert/strict";
import { test } from "node:test";
import { concatHex, type Hex, toHex } from "viem";
import { identityRegistryAbi } from "../../src/chain/abi/identityRegistry.ts";
import { newKey, openIdentityRegistry, type Wallet } from "./identityFixture.ts";
import { newAccount } from "./newAccount.ts";
import { openChain, refusal } from "./openChain.ts";

const MAGIC = "0x1626ba7e"; // ERC-1271
const chain = await openChain();
const identity = await openIdentityRegistry(chain);
const { registry, addition, registerInbox, revocation } = identity;
test.after(() => chain[Symbol.asyncDispose]());

async function contractWallet(contract: string, args: readonly unknown[] = []): Promise<Wallet> {
  return { address: await chain.deploy(contract, args), key: newAccount() };
}

async function keyWallet(): Promise<Wallet> {
  const key = newAccount();
  return { address: await chain.deploy("KeyWallet", [key.address]), key };
}

/** A call of `register` by this wallet. */
async function registering(wallet: Wallet) {
  const salt = newKey();
  const inbox = await registry.read.inboxId([wallet.address, salt]);
  const [, installation, signature, consent] = await addition(inbox, wallet, newKey());
  return [salt, installation, signature, consent] as const;
}

test("a contract wallet registers, adds, links, proposes, revokes and leaves like any other", async () => {
  const wallet = await keyWallet();
  const { inbox, installation } = await registerInbox(wallet);
  await registry.write.addInstallation(await addition(inbox, wallet, newKey()));
  const second = await keyWallet();
  await registry.write.linkWallet(await identity.link(inbox, wallet, second));
  await registry.write.setRecovery(await identity.recovery("SetRecovery", inbox, second.address, wallet));
  await registry.write.vetoRecovery(await identity.recovery("VetoRecovery", inbox, second.address, wallet));
  const { events } = await chain.events(
    identityRegistryAbi,
    registry.write.revokeInstallation(await revocation(inbox, installation, wallet)),
  );
  assert.equal(events[0]?.name, "InstallationRevoked");
  await registry.write.unlinkWallet(await identity.unlinking(inbox, second.address, second));
  assert.equal(await registry.read.nonces([wallet.address]), 5n);
});

test("a contract wallet whose contract says no is refused", async () => {
  const wallet = await keyWallet();
  const impostor: Wallet = { address: wallet.address, key: newAccount() };
  const call = registry.simulate.register(await registering(impostor));
  assert.deepEqual(await refusal(call), { name: "BadSignature", args: [wallet.address] });
});

test("one key behind two contract wallets: a signature for one is none for the other", async () => {
  const key = newAccount();
  const [a, b] = [
    await chain.deploy("KeyWallet", [key.address]),
    await chain.deploy("KeyWallet", [key.address]),
  ];
  const { inbox, wallet } = await registerInbox({ address: a, key });
  await registry.write.linkWallet(await identity.link(inbox, wallet, { address: b, key }));
  const [, installation, signature, consent] = await addition(inbox, wallet, newKey(), { nonce: 1n });
  const replay = registry.simulate.addInstallation([
    inbox,
    installation,
    signature,
    { ...consent, signer: b },
  ]);
  assert.deepEqual(await refusal(replay), { name: "BadSignature", args: [b] });
});

test("only the whole word with the magic value counts", async () => {
  const word = concatHex([MAGIC, toHex(0, { size: 28 })]);
  const wrong: Hex[] = ["0x", MAGIC, toHex(1, { size: 32 }), concatHex([toHex(0, { size: 28 }), MAGIC])];
  wrong.push(concatHex([MAGIC, toHex(1, { size: 28 })]), word.slice(0, -2) as Hex);
  for (const answer of wrong) {
    const wallet = await contractWallet("ParrotWallet", [answer]);
    const call = registry.simulate.register(await registering(wallet));
    assert.deepEqual(await refusal(call), { name: "BadSignature", args: [wallet.address] });
  }
  const wallet = await contractWallet("ParrotWallet", [word]);
  await registry.write.register(await registering(wallet));
});

test("a wallet that burns all its gas costs a bounded amount and is refused", async () => {
  const wallet = await contractWallet("BurningWallet");
  const args = await registering(wallet);
  const call = registry.simulate.register(args, { gas: 15_000_000n });
  assert.deepEqual(await refusal(call), { name: "BadSignature", args: [wallet.address] });
  const hash = await registry.write.register(args, { gas: 15_000_000n });
  const { status, gasUsed } = await chain.client.getTransactionReceipt({ hash });
  assert.equal(status, "reverted");
  assert.ok(gasUsed > 500_000n && gasUsed < 700_000n, `${gasUsed}`);
});

test("what a wallet returns beyond its answer is not copied", async () => {
  const wallet = await contractWallet("ShoutingWallet");
  const hash = await registry.write.register(await registering(wallet));
  const { gasUsed } = await chain.client.getTransactionReceipt({ hash });
  assert.ok(gasUsed < 700_000n, `${gasUsed}`);
});

test("an account that delegates its code keeps its key's say", async () => {
  const key = newAccount();
  const code = await chain.client.getCode({ address: await chain.deploy("ParrotWallet", ["0x"]) });
  await chain.client.setCode({ address: key.address, bytecode: code ?? "0x" });
  const { inbox } = await registerInbox({ address: key.address, key });
  assert.equal(await registry.read.recoveryOf([inbox]), key.address);
});
