import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  encodeAbiParameters,
  encodePacked,
  getAddress,
  type Hex,
  keccak256,
  zeroAddress,
  zeroHash,
} from "viem";
import { identityRegistryAbi } from "../../src/chain/abi/identityRegistry.ts";
import { withHighS } from "./commitLogFixture.ts";
import { FAR, newKey, newWallet, openIdentityRegistry } from "./identityFixture.ts";
import { openChain, refusal } from "./openChain.ts";

const chain = await openChain();
const identity = await openIdentityRegistry(chain);
const { registry, addition, registerInbox, revocation } = identity;
test.after(() => chain[Symbol.asyncDispose]());

const events = (hash: Promise<Hex>) => chain.events(identityRegistryAbi, hash);

test("register: one transaction makes inbox, link and first installation, and its events carry all that was signed", async () => {
  const made = await registerInbox();
  const { inbox, wallet, salt, installation, signature, consent } = made;
  const mined = await events(Promise.resolve(made.hash));
  const block = Number(mined.receipt.blockNumber);
  assert.deepEqual(mined.events, [
    { name: "InboxRegistered", args: { inbox, wallet: wallet.address, salt } },
    {
      name: "InstallationAdded",
      args: {
        inbox,
        installation,
        wallet: wallet.address,
        nonce: 0n,
        deadline: FAR,
        installationSignature: signature,
        walletSignature: consent.signature,
      },
    },
  ]);
  assert.equal(
    inbox,
    keccak256(encodeAbiParameters([{ type: "address" }, { type: "bytes32" }], [wallet.address, salt])),
  );
  assert.deepEqual(await registry.read.inboxes([inbox]), {
    recovery: wallet.address,
    createdBlock: block,
    activeInstallations: 1,
    pendingRecovery: zeroAddress,
    recoveryChangesAt: 0,
  });
  assert.deepEqual(await registry.read.wallets([wallet.address]), {
    inbox,
    linkedBlock: block,
    unlinkedBlock: 0,
  });
  assert.deepEqual(await registry.read.installations([inbox, installation]), {
    addedBy: wallet.address,
    addedBlock: block,
    revokedBlock: 0,
  });
  assert.equal(await registry.read.inboxOf([wallet.address]), inbox);
  assert.equal(await registry.read.recoveryOf([inbox]), wallet.address);
  assert.equal(await registry.read.activeInstallations([inbox]), 1);
  assert.equal(await registry.read.nonces([wallet.address]), 1n);
});

test("register answers with the inbox id", async () => {
  const wallet = newWallet();
  const inbox = await registry.read.inboxId([wallet.address, zeroHash]);
  const [, installation, signature, consent] = await addition(inbox, wallet, newKey());
  assert.equal(
    (await registry.simulate.register([zeroHash, installation, signature, consent])).result,
    inbox,
  );
});

test("register: a replay, a second inbox of a wallet, another salt than the signed one", async () => {
  const { inbox, wallet, salt, installation, signature, consent } = await registerInbox();
  const replay = registry.simulate.register([salt, installation, signature, consent]);
  assert.deepEqual(await refusal(replay), { name: "InboxExists", args: [inbox] });

  const otherSalt = newKey();
  const second = await registry.read.inboxId([wallet.address, otherSalt]);
  const [, key, keySignature, secondConsent] = await addition(second, wallet, newKey());
  const again = registry.simulate.register([otherSalt, key, keySignature, secondConsent]);
  assert.deepEqual(await refusal(again), { name: "AlreadyLinked", args: [wallet.address, inbox] });

  const fresh = newWallet();
  const third = await registry.read.inboxId([fresh.address, salt]);
  const [, a, b, freshConsent] = await addition(third, fresh, newKey());
  const twisted = registry.simulate.register([newKey(), a, b, freshConsent]);
  assert.deepEqual(await refusal(twisted), { name: "BadSignature", args: [fresh.address] });
});

test("register: nobody takes another wallet's inbox", async () => {
  const [victim, thief] = [newWallet(), newWallet()];
  const inbox = await registry.read.inboxId([victim.address, zeroHash]);
  const [, key, signature, consent] = await addition(
    inbox,
    { address: victim.address, key: thief.key },
    newKey(),
  );
  const theft = registry.simulate.register([zeroHash, key, signature, consent]);
  assert.deepEqual(await refusal(theft), { name: "BadSignature", args: [victim.address] });
});

test("addInstallation: by a linked wallet, with all that was signed in the event", async () => {
  const { inbox, wallet } = await registerInbox();
  const args = await addition(inbox, wallet, newKey());
  const mined = await events(registry.write.addInstallation(args));
  const [, installation, installationSignature, consent] = args;
  assert.deepEqual(mined.events, [
    {
      name: "InstallationAdded",
      args: {
        inbox,
        installation,
        wallet: wallet.address,
        nonce: 1n,
        deadline: FAR,
        installationSignature,
        walletSignature: consent.signature,
      },
    },
  ]);
  assert.deepEqual(await registry.read.installations([inbox, installation]), {
    addedBy: wallet.address,
    addedBlock: Number(mined.receipt.blockNumber),
    revokedBlock: 0,
  });
  assert.equal(await registry.read.activeInstallations([inbox]), 2);
});

test("addInstallation: every refusal by name", async () => {
  const { inbox, wallet, installation } = await registerInbox();
  const { timestamp } = await chain.client.getBlock();
  const stranger = newWallet();
  const other = await registerInbox();
  const good = await addition(inbox, wallet, newKey());
  const [, key, signature, consent] = good;
  const refused = async (args: typeof good) => await refusal(registry.simulate.addInstallation(args));

  assert.deepEqual(await refused(await addition(inbox, stranger, key)), {
    name: "NotLinked",
    args: [stranger.address],
  });
  assert.deepEqual(await refused(await addition(inbox, other.wallet, key)), {
    name: "NotLinked",
    args: [other.wallet.address],
  });
  assert.deepEqual(await refused(await addition(newKey(), wallet, key)), {
    name: "NotLinked",
    args: [wallet.address],
  });
  assert.deepEqual(await refused(await addition(inbox, wallet, zeroHash)), {
    name: "ZeroInstallation",
    args: [],
  });
  assert.deepEqual(await refused(await addition(inbox, wallet, installation)), {
    name: "InstallationExists",
    args: [inbox, installation],
  });
  assert.deepEqual(await refused(await addition(inbox, wallet, key, { nonce: 0n })), {
    name: "BadNonce",
    args: [wallet.address, 1n],
  });
  assert.deepEqual(await refused(await addition(inbox, wallet, key, { nonce: 2n })), {
    name: "BadNonce",
    args: [wallet.address, 1n],
  });
  assert.deepEqual(await refused(await addition(inbox, wallet, key, { deadline: timestamp - 1n })), {
    name: "Expired",
    args: [timestamp - 1n],
  });
  for (const wrong of ["0x", `${signature}00`, signature.slice(0, -2)] as Hex[]) {
    assert.deepEqual(await refused([inbox, key, wrong, consent]), {
      name: "BadInstallationSignature",
      args: [],
    });
  }
  const forged: Hex[] = [
    "0x",
    withHighS(consent.signature),
    (await addition(inbox, stranger, key))[3].signature,
  ];
  for (const wrong of forged) {
    assert.deepEqual(await refused([inbox, key, signature, { ...consent, signature: wrong }]), {
      name: "BadSignature",
      args: [wallet.address],
    });
  }
  await registry.write.addInstallation(good);
  assert.deepEqual(await refused(good), { name: "InstallationExists", args: [inbox, key] });
});

test("addInstallation: a deadline holds to its last second", async () => {
  const { inbox, wallet } = await registerInbox();
  const { timestamp } = await chain.client.getBlock();
  const deadline = timestamp + 50n;
  const args = await addition(inbox, wallet, newKey(), { deadline });
  await chain.client.setNextBlockTimestamp({ timestamp: deadline });
  await registry.write.addInstallation(args);
  assert.equal((await chain.client.getBlock()).timestamp, deadline);
});

test("addInstallation: one key may enter several inboxes", async () => {
  const [a, b] = [await registerInbox(), await registerInbox()];
  await registry.write.addInstallation(await addition(b.inbox, b.wallet, a.installation));
  assert.equal((await registry.read.installations([b.inbox, a.installation])).addedBy, b.wallet.address);
});

test("TooManyInstallations: 32 are active at most, and revoking makes room", async () => {
  const { inbox, wallet, installation } = await registerInbox();
  const limit = await registry.read.MAX_ACTIVE_INSTALLATIONS();
  assert.equal(limit, 32);
  for (let active = 1; active < limit; active++) {
    await registry.write.addInstallation(await addition(inbox, wallet, newKey()));
  }
  const over = await addition(inbox, wallet, newKey());
  assert.deepEqual(await refusal(registry.simulate.addInstallation(over)), {
    name: "TooManyInstallations",
    args: [],
  });
  await registry.write.revokeInstallation(await revocation(inbox, installation, wallet));
  await registry.write.addInstallation(over);
  assert.equal(await registry.read.activeInstallations([inbox]), limit);
});

test("revokeInstallation: needs no nonce, says nothing twice, is for ever", async () => {
  const { inbox, wallet, installation } = await registerInbox();
  const args = await revocation(inbox, installation, wallet);
  const mined = await events(registry.write.revokeInstallation(args));
  assert.deepEqual(mined.events, [
    { name: "InstallationRevoked", args: { inbox, installation, by: wallet.address, signature: args[3] } },
  ]);
  const revoked = await registry.read.installations([inbox, installation]);
  assert.equal(revoked.revokedBlock, Number(mined.receipt.blockNumber));
  assert.equal(await registry.read.activeInstallations([inbox]), 0);
  assert.equal(await registry.read.nonces([wallet.address]), 1n);

  assert.deepEqual((await events(registry.write.revokeInstallation(args))).events, []);
  assert.deepEqual(await registry.read.installations([inbox, installation]), revoked);
  assert.equal(await registry.read.activeInstallations([inbox]), 0);

  const back = registry.simulate.addInstallation(await addition(inbox, wallet, installation));
  assert.deepEqual(await refusal(back), { name: "KeyRevoked", args: [inbox, installation] });
});

test("revokeInstallation: by whoever added it or the recovery wallet, nobody else", async () => {
  const first = await registerInbox();
  const { inbox, wallet } = first;
  const second = newWallet();
  await registry.write.linkWallet(await identity.link(inbox, wallet, second));
  const third = newWallet();
  await registry.write.linkWallet(await identity.link(inbox, second, third));
  const [a, b] = [newKey(), newKey()];
  await registry.write.addInstallation(await addition(inbox, second, a));
  await registry.write.addInstallation(await addition(inbox, second, b));

  const refused = registry.simulate.revokeInstallation(await revocation(inbox, a, third));
  assert.deepEqual(await refusal(refused), { name: "NotAllowed", args: [third.address] });
  const unknown = newKey();
  const nothing = registry.simulate.revokeInstallation(await revocation(inbox, unknown, wallet));
  assert.deepEqual(await refusal(nothing), { name: "UnknownInstallation", args: [inbox, unknown] });
  const forged = await revocation(inbox, a, { address: wallet.address, key: third.key });
  assert.deepEqual(await refusal(registry.simulate.revokeInstallation(forged)), {
    name: "BadSignature",
    args: [wallet.address],
  });

  await registry.write.revokeInstallation(await revocation(inbox, a, wallet));
  await registry.write.unlinkWallet(await identity.unlinking(inbox, second.address, wallet));
  await registry.write.revokeInstallation(await revocation(inbox, b, second));
  for (const key of [a, b])
    assert.notEqual((await registry.read.installations([inbox, key])).revokedBlock, 0);
});

test("any order of additions and revocations: the count is that of what is active, and nothing comes back", async () => {
  const step = fc.record({ key: fc.nat(4), add: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const { inbox, wallet } = await registerInbox();
      const keys = Array.from({ length: 5 }, newKey);
      const state = new Map<Hex, "active" | "revoked">();
      for (const { key: at, add } of steps) {
        const key = keys[at] as Hex;
        const before = state.get(key);
        if (add) {
          const call = registry.write.addInstallation(await addition(inbox, wallet, key));
          if (before === undefined) {
            await call;
            state.set(key, "active");
          } else {
            assert.equal(
              (await refusal(call)).name,
              before === "active" ? "InstallationExists" : "KeyRevoked",
            );
          }
        } else {
          const call = registry.write.revokeInstallation(await revocation(inbox, key, wallet));
          if (before === undefined) {
            assert.equal((await refusal(call)).name, "UnknownInstallation");
          } else {
            await call;
            state.set(key, "revoked");
          }
        }
        const active = [...state.values()].filter((status) => status === "active").length;
        assert.equal(await registry.read.activeInstallations([inbox]), 1 + active);
      }
    }),
    { numRuns: 12 },
  );
});

test("installationMessage is what an installation signs", async () => {
  const inbox = newKey();
  const expected = encodePacked(
    ["string", "uint64", "address", "bytes32"],
    ["weft.installation.v1", BigInt(chain.client.chain.id), identity.address, inbox],
  );
  assert.equal(await registry.read.installationMessage([inbox]), expected);
});

test("the domain is as documented", async () => {
  const domain = await registry.read.eip712Domain();
  assert.deepEqual(
    [domain[1], domain[2], domain[3], domain[4]],
    ["Weft IdentityRegistry", "2", BigInt(chain.client.chain.id), getAddress(identity.address)],
  );
  assert.ok((await registry.read.DEPLOYED_BLOCK()) > 0);
});
