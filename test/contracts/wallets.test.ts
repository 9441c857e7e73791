import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hex } from "viem";
import { identityRegistryAbi } from "../../src/chain/abi/identityRegistry.ts";
import { FAR, newKey, newWallet, openIdentityRegistry } from "./identityFixture.ts";
import { openChain, refusal } from "./openChain.ts";

const chain = await openChain();
const identity = await openIdentityRegistry(chain);
const { registry, link, registerInbox, unlinking } = identity;
test.after(() => chain[Symbol.asyncDispose]());

const events = (hash: Promise<Hex>) => chain.events(identityRegistryAbi, hash);

test("linkWallet: both sign, and the event carries both signatures", async () => {
  const { inbox, wallet } = await registerInbox();
  const added = newWallet();
  const args = await link(inbox, wallet, added);
  const mined = await events(registry.write.linkWallet(args));
  assert.deepEqual(mined.events, [
    {
      name: "WalletLinked",
      args: {
        inbox,
        wallet: added.address,
        by: wallet.address,
        walletNonce: 0n,
        walletDeadline: FAR,
        walletSignature: args[2].signature,
        byNonce: 1n,
        byDeadline: FAR,
        bySignature: args[1].signature,
      },
    },
  ]);
  assert.deepEqual(await registry.read.wallets([added.address]), {
    inbox,
    linkedBlock: Number(mined.receipt.blockNumber),
    unlinkedBlock: 0,
  });
  assert.equal(await registry.read.inboxOf([added.address]), inbox);
  assert.equal(await registry.read.nonces([wallet.address]), 2n);
  assert.equal(await registry.read.nonces([added.address]), 1n);
});

test("linkWallet: every refusal by name", async () => {
  const { inbox, wallet } = await registerInbox();
  const other = await registerInbox();
  const added = newWallet();
  const good = await link(inbox, wallet, added);
  const refused = async (args: typeof good) => await refusal(registry.simulate.linkWallet(args));

  assert.deepEqual(await refused(await link(inbox, added, newWallet())), {
    name: "NotLinked",
    args: [added.address],
  });
  assert.deepEqual(await refused(await link(inbox, other.wallet, added)), {
    name: "NotLinked",
    args: [other.wallet.address],
  });
  assert.deepEqual(await refused(await link(inbox, wallet, other.wallet)), {
    name: "AlreadyLinked",
    args: [other.wallet.address, other.inbox],
  });
  assert.deepEqual(await refused(await link(inbox, wallet, wallet)), {
    name: "AlreadyLinked",
    args: [wallet.address, inbox],
  });

  const message = { inbox, wallet: added.address, by: wallet.address };
  const swapped = await identity.authorize("AcceptLink", wallet, message);
  assert.deepEqual(await refused([inbox, swapped, good[2]]), {
    name: "BadSignature",
    args: [wallet.address],
  });
  const unaccepted = await identity.authorize("LinkWallet", added, message);
  assert.deepEqual(await refused([inbox, good[1], unaccepted]), {
    name: "BadSignature",
    args: [added.address],
  });
  const forOther = await link(other.inbox, other.wallet, added);
  assert.deepEqual(await refused([inbox, good[1], forOther[2]]), {
    name: "BadSignature",
    args: [added.address],
  });

  for (const [at, signer] of [
    [1, wallet],
    [2, added],
  ] as const) {
    const kind = at === 1 ? "LinkWallet" : "AcceptLink";
    const late = good.with(at, await identity.authorize(kind, signer, message, { deadline: 1n }));
    assert.deepEqual(await refused(late as unknown as typeof good), { name: "Expired", args: [1n] });
    const early = good.with(at, await identity.authorize(kind, signer, message, { nonce: 7n }));
    assert.equal((await refused(early as unknown as typeof good)).name, "BadNonce");
  }
  await registry.write.linkWallet(good);
  assert.deepEqual(await refused(good), { name: "AlreadyLinked", args: [added.address, inbox] });
});

test("unlinkWallet: by the wallet itself, which can then go elsewhere but not by old consent", async () => {
  const { inbox, wallet } = await registerInbox();
  const added = newWallet();
  const consent = await link(inbox, wallet, added);
  await registry.write.linkWallet(consent);
  const args = await unlinking(inbox, added.address, added);
  const mined = await events(registry.write.unlinkWallet(args));
  assert.deepEqual(mined.events, [
    {
      name: "WalletUnlinked",
      args: {
        inbox,
        wallet: added.address,
        by: added.address,
        nonce: 1n,
        deadline: FAR,
        signature: args[2].signature,
      },
    },
  ]);
  const { unlinkedBlock } = await registry.read.wallets([added.address]);
  assert.equal(unlinkedBlock, Number(mined.receipt.blockNumber));
  assert.equal(BigInt(await registry.read.inboxOf([added.address])), 0n);

  assert.deepEqual(await refusal(registry.simulate.unlinkWallet(args)), {
    name: "NotLinked",
    args: [added.address],
  });
  assert.deepEqual(await refusal(registry.simulate.linkWallet(consent)), {
    name: "BadNonce",
    args: [wallet.address, 2n],
  });
  const other = await registerInbox();
  await registry.write.linkWallet(await link(other.inbox, other.wallet, added));
  assert.equal(await registry.read.inboxOf([added.address]), other.inbox);
  assert.equal((await registry.read.wallets([added.address])).unlinkedBlock, 0);
});

test("unlinkWallet: by the recovery wallet, by no other linked one", async () => {
  const { inbox, wallet } = await registerInbox();
  const [a, b] = [newWallet(), newWallet()];
  await registry.write.linkWallet(await link(inbox, wallet, a));
  await registry.write.linkWallet(await link(inbox, wallet, b));

  const refused = async (args: Awaited<ReturnType<typeof unlinking>>) =>
    await refusal(registry.simulate.unlinkWallet(args));
  assert.deepEqual(await refused(await unlinking(inbox, a.address, b)), {
    name: "NotAllowed",
    args: [b.address],
  });
  assert.deepEqual(await refused(await unlinking(newKey(), a.address, a)), {
    name: "NotLinked",
    args: [a.address],
  });
  const forged = await unlinking(inbox, a.address, { address: wallet.address, key: b.key });
  assert.deepEqual(await refused(forged), { name: "BadSignature", args: [wallet.address] });
  const message = { inbox, wallet: a.address, by: wallet.address };
  const late = await identity.authorize("UnlinkWallet", wallet, message, { deadline: 1n });
  assert.deepEqual(await refused([inbox, a.address, late]), { name: "Expired", args: [1n] });
  const early = await identity.authorize("UnlinkWallet", wallet, message, { nonce: 9n });
  assert.deepEqual(await refused([inbox, a.address, early]), {
    name: "BadNonce",
    args: [wallet.address, 3n],
  });

  await registry.write.unlinkWallet(await unlinking(inbox, a.address, wallet));
  const addition = registry.simulate.addInstallation(await identity.addition(inbox, a, newKey()));
  assert.deepEqual(await refusal(addition), { name: "NotLinked", args: [a.address] });
});

test("a wallet that left its inbox may found another, the first inbox stays taken", async () => {
  const { inbox, wallet, salt, installation } = await registerInbox();
  await registry.write.unlinkWallet(await unlinking(inbox, wallet.address, wallet));
  const consent = (await identity.addition(inbox, wallet, newKey()))[3];
  const again = registry.simulate.register([salt, installation, `0x${"00".repeat(64)}`, consent]);
  assert.deepEqual(await refusal(again), { name: "InboxExists", args: [inbox] });
  const next = await registerInbox(wallet);
  assert.equal(await registry.read.inboxOf([wallet.address]), next.inbox);
  // it is still the first inbox's recovery wallet, so it can still revoke there
  await registry.write.revokeInstallation(await identity.revocation(inbox, installation, wallet));
});
