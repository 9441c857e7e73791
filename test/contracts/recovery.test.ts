import assert from "node:assert/strict";
import { test } from "node:test";
import { type Hex, zeroAddress } from "viem";
import { identityRegistryAbi } from "../../src/chain/abi/identityRegistry.ts";
import { FAR, newKey, newWallet, openIdentityRegistry, RECOVERY_DELAY_SECONDS } from "./identityFixture.ts";
import { openChain, refusal } from "./openChain.ts";

const chain = await openChain();
const identity = await openIdentityRegistry(chain);
const { registry, recovery, registerInbox, revocation } = identity;
test.after(() => chain[Symbol.asyncDispose]());

const events = (hash: Promise<Hex>) => chain.events(identityRegistryAbi, hash);

/** Mines a block that many seconds after the newest. */
async function pass(seconds: number): Promise<void> {
  await chain.client.increaseTime({ seconds });
  await chain.client.mine({ blocks: 1 });
}

test("setRecovery takes effect after the delay, to the second", async () => {
  const { inbox, wallet, installation } = await registerInbox();
  assert.equal(await registry.read.RECOVERY_DELAY_SECONDS(), RECOVERY_DELAY_SECONDS);
  const next = newWallet();
  const args = await recovery("SetRecovery", inbox, next.address, wallet);
  const mined = await events(registry.write.setRecovery(args));
  const { timestamp } = await chain.client.getBlock();
  const changesAt = Number(timestamp) + RECOVERY_DELAY_SECONDS;
  assert.deepEqual(mined.events, [
    {
      name: "RecoveryProposed",
      args: {
        inbox,
        recovery: next.address,
        by: wallet.address,
        changesAt,
        nonce: 1n,
        deadline: FAR,
        signature: args[2].signature,
      },
    },
  ]);
  const pending = await registry.read.inboxes([inbox]);
  assert.deepEqual(
    [pending.recovery, pending.pendingRecovery, pending.recoveryChangesAt],
    [wallet.address, next.address, changesAt],
  );
  const byNext = await revocation(inbox, installation, next);
  await chain.client.setNextBlockTimestamp({ timestamp: BigInt(changesAt - 1) });
  await chain.client.mine({ blocks: 1 });
  assert.equal(await registry.read.recoveryOf([inbox]), wallet.address);

  await chain.client.setNextBlockTimestamp({ timestamp: BigInt(changesAt) });
  await registry.write.revokeInstallation(byNext);
  const settled = await registry.read.inboxes([inbox]);
  assert.deepEqual(
    [settled.recovery, settled.pendingRecovery, settled.recoveryChangesAt],
    [next.address, zeroAddress, 0],
  );
});

test("after the change the old recovery wallet has no say, nor a veto", async () => {
  const { inbox, wallet, installation } = await registerInbox();
  const [next, linked] = [newWallet(), newWallet()];
  await registry.write.linkWallet(await identity.link(inbox, wallet, linked));
  const key = newKey();
  await registry.write.addInstallation(await identity.addition(inbox, linked, key));
  await registry.write.setRecovery(await recovery("SetRecovery", inbox, next.address, wallet));
  assert.deepEqual(await refusal(registry.simulate.revokeInstallation(await revocation(inbox, key, next))), {
    name: "NotAllowed",
    args: [next.address],
  });
  await pass(RECOVERY_DELAY_SECONDS);
  const veto = registry.simulate.vetoRecovery(await recovery("VetoRecovery", inbox, next.address, wallet));
  assert.deepEqual(await refusal(veto), { name: "NothingPending", args: [] });
  assert.deepEqual(
    await refusal(registry.simulate.revokeInstallation(await revocation(inbox, key, wallet))),
    {
      name: "NotAllowed",
      args: [wallet.address],
    },
  );
  await registry.write.revokeInstallation(await revocation(inbox, key, next));
  // the wallet that added an installation keeps its own right to revoke it
  await registry.write.revokeInstallation(await revocation(inbox, installation, wallet));
});

test("a change that took effect is the ground for the next one", async () => {
  const { inbox, wallet } = await registerInbox();
  const [a, b] = [newWallet(), newWallet()];
  await registry.write.setRecovery(await recovery("SetRecovery", inbox, a.address, wallet));
  await pass(RECOVERY_DELAY_SECONDS);
  await registry.write.setRecovery(await recovery("SetRecovery", inbox, b.address, a));
  const state = await registry.read.inboxes([inbox]);
  assert.deepEqual([state.recovery, state.pendingRecovery], [a.address, b.address]);
  const veto = registry.simulate.vetoRecovery(await recovery("VetoRecovery", inbox, b.address, wallet));
  assert.deepEqual(await refusal(veto), { name: "NotAllowed", args: [wallet.address] });
  await registry.write.vetoRecovery(await recovery("VetoRecovery", inbox, b.address, a));
  assert.equal(await registry.read.recoveryOf([inbox]), a.address);
});

test("a linked wallet may propose, the recovery wallet may veto", async () => {
  const { inbox, wallet } = await registerInbox();
  const [thief, accomplice] = [newWallet(), newWallet()];
  await registry.write.linkWallet(await identity.link(inbox, wallet, thief));
  await registry.write.setRecovery(await recovery("SetRecovery", inbox, accomplice.address, thief));
  const byThief = registry.simulate.vetoRecovery(
    await recovery("VetoRecovery", inbox, accomplice.address, thief),
  );
  assert.deepEqual(await refusal(byThief), { name: "NotAllowed", args: [thief.address] });

  const args = await recovery("VetoRecovery", inbox, accomplice.address, wallet);
  const mined = await events(registry.write.vetoRecovery(args));
  assert.deepEqual(mined.events, [
    {
      name: "RecoveryVetoed",
      args: {
        inbox,
        recovery: accomplice.address,
        by: wallet.address,
        nonce: 2n,
        deadline: FAR,
        signature: args[2].signature,
      },
    },
  ]);
  await pass(RECOVERY_DELAY_SECONDS);
  assert.equal(await registry.read.recoveryOf([inbox]), wallet.address);
  assert.deepEqual(await refusal(registry.simulate.vetoRecovery(args)), { name: "NothingPending", args: [] });
});

test("a second proposal replaces the first and waits its full time", async () => {
  const { inbox, wallet } = await registerInbox();
  const [a, b] = [newWallet(), newWallet()];
  await registry.write.setRecovery(await recovery("SetRecovery", inbox, a.address, wallet));
  await pass(RECOVERY_DELAY_SECONDS - 10);
  await registry.write.setRecovery(await recovery("SetRecovery", inbox, b.address, wallet));
  await pass(20);
  assert.equal(await registry.read.recoveryOf([inbox]), wallet.address);
  const veto = registry.simulate.vetoRecovery(await recovery("VetoRecovery", inbox, a.address, wallet));
  assert.deepEqual(await refusal(veto), { name: "NothingPending", args: [] });
  await pass(RECOVERY_DELAY_SECONDS);
  assert.equal(await registry.read.recoveryOf([inbox]), b.address);
});

test("setRecovery and vetoRecovery: every other refusal by name", async () => {
  const { inbox, wallet } = await registerInbox();
  const [next, stranger] = [newWallet(), newWallet()];
  const good = await recovery("SetRecovery", inbox, next.address, wallet);
  const refused = async (args: typeof good) => await refusal(registry.simulate.setRecovery(args));
  const message = { inbox, recovery: next.address, by: wallet.address };
  assert.deepEqual(await refused([inbox, zeroAddress, good[2]]), { name: "ZeroRecovery", args: [] });
  const nowhere = newKey();
  assert.deepEqual(await refused([nowhere, next.address, good[2]]), {
    name: "UnknownInbox",
    args: [nowhere],
  });
  assert.deepEqual(await refused(await recovery("SetRecovery", inbox, next.address, stranger)), {
    name: "NotAllowed",
    args: [stranger.address],
  });
  assert.deepEqual(await refused([inbox, stranger.address, good[2]]), {
    name: "BadSignature",
    args: [wallet.address],
  });
  const late = await identity.authorize("SetRecovery", wallet, message, { deadline: 1n });
  assert.deepEqual(await refused([inbox, next.address, late]), { name: "Expired", args: [1n] });
  await registry.write.setRecovery(good);
  assert.deepEqual(await refused(good), { name: "BadNonce", args: [wallet.address, 2n] });

  const veto = async (args: typeof good) => await refusal(registry.simulate.vetoRecovery(args));
  assert.deepEqual(await veto([inbox, zeroAddress, good[2]]), { name: "NothingPending", args: [] });
  const wrongKind = await identity.authorize("SetRecovery", wallet, message);
  assert.deepEqual(await veto([inbox, next.address, wrongKind]), {
    name: "BadSignature",
    args: [wallet.address],
  });
  const lateVeto = await identity.authorize("VetoRecovery", wallet, message, { deadline: 1n });
  assert.deepEqual(await veto([inbox, next.address, lateVeto]), { name: "Expired", args: [1n] });
  const earlyVeto = await identity.authorize("VetoRecovery", wallet, message, { nonce: 5n });
  assert.deepEqual(await veto([inbox, next.address, earlyVeto]), {
    name: "BadNonce",
    args: [wallet.address, 2n],
  });
});
