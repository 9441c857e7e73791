import assert from "node:assert/strict";
import { test } from "node:test";
import { type Hex, hashTypedData, hexToBytes, keccak256, pad, toHex, zeroHash } from "viem";
import { identityRegistryAbi } from "../../src/chain/abi/identityRegistry.ts";
import { recoveryAt } from "../../src/identity/inboxHistory.ts";
import { replayHistory } from "../../src/identity/replayHistory.ts";
import { identityDigest, identityStructHash } from "../../src/wire/identityMessages.ts";
import {
  EMPTY_WORD,
  type IdentityStep,
  nextWord,
  signaturesOf,
  stepCount,
} from "../../src/wire/identityStep.ts";
import { asAddress, asId, type InboxId } from "../../src/wire/ids.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { FAR, newKey, newWallet, openIdentityRegistry, RECOVERY_DELAY_SECONDS } from "./identityFixture.ts";
import { openChain, refusal } from "./openChain.ts";

const chain = await openChain();
const identity = await openIdentityRegistry(chain);
const { registry, addition, registerInbox, link, revocation, unlinking, recovery } = identity;
test.after(() => chain[Symbol.asyncDispose]());

const wordOf = async (inbox: Hex): Promise<Hex> => (await registry.read.historyWords([[inbox]]))[0] ?? "0x";

/** The steps that a transaction's events tell of, as a node's index would have them. */
async function stepsOf(transaction: Hex | Promise<Hex>): Promise<IdentityStep[]> {
  const { receipt, events } = await chain.events(identityRegistryAbi, Promise.resolve(transaction));
  const { timestamp } = await chain.client.getBlock({ blockNumber: receipt.blockNumber });
  const place = { block: Number(receipt.blockNumber), time: Number(timestamp) };
  let salt: Hex | undefined;
  return events.flatMap(({ name, args: all }): IdentityStep[] => {
    const args = all as Record<string, Hex> & { nonce: bigint; deadline: bigint; changesAt: number };
    const consentOf = (kind: "" | "wallet" | "by") => {
      const at = (field: string) =>
        all[kind === "" ? field : kind + field[0]?.toUpperCase() + field.slice(1)];
      const signature = hexToBytes((args.walletSignature ?? args.signature ?? args.bySignature) as Hex);
      const whole = kind === "by" ? hexToBytes(args.bySignature as Hex) : signature;
      return { nonce: at("nonce") as bigint, deadline: at("deadline") as bigint, signature: whole };
    };
    const account = (field: string) => asAddress(args[field] as Hex);
    switch (name) {
      case "InboxRegistered":
        salt = args.salt;
        return [];
      case "InstallationAdded": {
        const added = {
          installation: asId<never>(args.installation as Hex),
          installationSignature: hexToBytes(args.installationSignature as Hex),
          wallet: account("wallet"),
          consent: consentOf(""),
        };
        return [
          salt === undefined
            ? { ...place, kind: "add-installation", ...added }
            : { ...place, kind: "create-inbox", salt, ...added },
        ];
      }
      case "InstallationRevoked": {
        const revoked = { installation: asId<never>(args.installation as Hex), by: account("by") };
        return [
          { ...place, kind: "revoke-installation", ...revoked, signature: hexToBytes(args.signature as Hex) },
        ];
      }
      case "WalletLinked": {
        const consents = { walletConsent: consentOf("wallet"), byConsent: consentOf("by") };
        return [{ ...place, kind: "link-wallet", wallet: account("wallet"), by: account("by"), ...consents }];
      }
      case "WalletUnlinked":
        return [
          {
            ...place,
            kind: "unlink-wallet",
            wallet: account("wallet"),
            by: account("by"),
            consent: consentOf(""),
          },
        ];
      case "RecoveryProposed":
      case "RecoveryVetoed": {
        const change = { recovery: account("recovery"), by: account("by"), consent: consentOf("") };
        return [
          name === "RecoveryVetoed"
            ? { ...place, kind: "veto-recovery", ...change }
            : { ...place, kind: "set-recovery", changesAt: args.changesAt, ...change },
        ];
      }
      default:
        return [];
    }
  });
}

/** Extends a word by what a transaction says. */
async function extended(inbox: Hex, word: Hex, transaction: Hex | Promise<Hex>): Promise<Hex> {
  const [step, ...more] = await stepsOf(transaction);
  assert.ok(step !== undefined && more.length === 0, "one step a transaction");
  const id = asId<InboxId>(inbox);
  return nextWord({ word, step, signatures: signaturesOf({ inbox: id, step }) });
}

test("the word of a history is what a replay of its events gives, after every kind of action", async () => {
  const { inbox, wallet, hash, installation } = await registerInbox();
  const { write } = registry;
  let word = await extended(inbox, EMPTY_WORD, hash);
  assert.equal(await wordOf(inbox), word);
  const [second, heir] = [newWallet(), newWallet()];
  const actions: (() => Promise<Hex>)[] = [
    async () => write.addInstallation(await addition(inbox, wallet, newKey())),
    async () => write.linkWallet(await link(inbox, wallet, second)),
    async () => write.revokeInstallation(await revocation(inbox, installation, wallet)),
    async () => write.setRecovery(await recovery("SetRecovery", inbox, heir.address, second)),
    async () => write.vetoRecovery(await recovery("VetoRecovery", inbox, heir.address, wallet)),
    async () => write.unlinkWallet(await unlinking(inbox, second.address, wallet)),
  ];
  for (const [at, act] of actions.entries()) {
    word = await extended(inbox, word, act());
    assert.equal(await wordOf(inbox), word, `action ${at}`);
    assert.equal(stepCount(word), at + 2);
  }
  // A repeated revocation says nothing, and is no step.
  await write.revokeInstallation(await revocation(inbox, installation, wallet));
  assert.equal(await wordOf(inbox), word);
});

test("a replay comes to what the contract's storage says: wallets, installations, recovery", async () => {
  const { write, read } = registry;
  const { inbox: id, wallet, hash, installation } = await registerInbox();
  const inbox = asId<InboxId>(id);
  const [second, third, heir] = [newWallet(), newWallet(), newWallet()];
  const keys = [installation, newKey(), newKey()] as const;
  const later = (seconds: number) => chain.client.increaseTime({ seconds });
  const actions: (() => Promise<Hex>)[] = [
    async () => write.linkWallet(await link(id, wallet, second)),
    async () => write.addInstallation(await addition(id, second, keys[1])),
    async () => write.linkWallet(await link(id, second, third)),
    // Whoever was unlinked leaves what it added, and may revoke it.
    async () => write.unlinkWallet(await unlinking(id, second.address, wallet)),
    async () => write.revokeInstallation(await revocation(id, keys[1], second)),
    async () => write.setRecovery(await recovery("SetRecovery", id, heir.address, third)),
    async () => write.addInstallation(await addition(id, third, keys[2])),
    async () => {
      await later(RECOVERY_DELAY_SECONDS);
      return await write.revokeInstallation(await revocation(id, keys[2], heir));
    },
    async () => write.linkWallet(await link(id, wallet, second)),
    async () => write.setRecovery(await recovery("SetRecovery", id, third.address, heir)),
  ];
  const network = {
    ...testNetwork,
    chainId: chain.client.chain.id,
    identityRegistry: asAddress(identity.address),
  };
  const steps = await stepsOf(hash);
  for (const act of actions) {
    steps.push(...(await stepsOf(act())));
    const replay = replayHistory({ network, inbox, known: undefined, steps });
    assert.ok(replay.kind === "replayed" && replay.history);
    const { history } = replay;
    const { timestamp } = await chain.client.getBlock();
    assert.equal(history.word, await wordOf(id));
    assert.equal(
      recoveryAt({ history, time: Number(timestamp) }).wallet,
      asAddress(await read.recoveryOf([id])),
    );
    for (const { wallet: address, linkedBlock, unlinkedBlock = 0 } of history.wallets) {
      assert.deepEqual(await read.wallets([address]), { inbox: id, linkedBlock, unlinkedBlock });
    }
    for (const one of history.installations) {
      const stored = await read.installations([id, one.installation]);
      assert.deepEqual(
        [asAddress(stored.addedBy), stored.addedBlock, stored.revokedBlock],
        [one.wallet, one.addedBlock, one.revokedBlock ?? 0],
      );
    }
    const active = history.installations.filter(({ revokedBlock }) => revokedBlock === undefined);
    assert.equal(active.length, await read.activeInstallations([id]));
    assert.deepEqual(new Set(history.installations.map(({ vouch }) => vouch)), new Set(["secp256k1"]));
  }
});

test("the word tells apart every field of a step", async () => {
  const { inbox, hash } = await registerInbox();
  const [step] = await stepsOf(hash);
  assert.ok(step?.kind === "create-inbox");
  const id = asId<InboxId>(inbox);
  const wordAfter = (one: IdentityStep, of: InboxId = id) =>
    nextWord({ word: EMPTY_WORD, step: one, signatures: signaturesOf({ inbox: of, step: one }) });
  const { consent, installationSignature } = step;
  const other = (bytes: Uint8Array) => bytes.with(7, (bytes[7] ?? 0) ^ 1);
  const changed: IdentityStep[] = [
    { ...step, block: step.block + 1 },
    { ...step, time: step.time + 1 },
    { ...step, kind: "add-installation" },
    { ...step, wallet: asAddress(newWallet().address) },
    { ...step, installation: asId(newKey()) },
    { ...step, installationSignature: Uint8Array.from(other(installationSignature)) },
    { ...step, consent: { ...consent, nonce: consent.nonce + 1n } },
    { ...step, consent: { ...consent, deadline: consent.deadline - 1n } },
    { ...step, consent: { ...consent, signature: Uint8Array.from(other(consent.signature)) } },
  ];
  const words = [...changed.map((one) => wordAfter(one)), wordAfter(step, asId(newKey())), wordAfter(step)];
  assert.equal(new Set(words).size, words.length);
  assert.equal(words.at(-1), await wordOf(inbox));
});

test("a batch of 1,000 words is one call; those of unknown inboxes and unlinked wallets are zero", async () => {
  const made = [await registerInbox(), await registerInbox()];
  const inboxes = Array.from({ length: 1000 }, (_, at) => made[at]?.inbox ?? newKey());
  const wallets = Array.from({ length: 1000 }, (_, at) => made[at]?.wallet.address ?? newWallet().address);
  const words = await registry.read.historyWords([inboxes]);
  const linked = await registry.read.inboxesOf([wallets]);
  assert.deepEqual(words.slice(2), Array(998).fill(zeroHash));
  assert.deepEqual(words.slice(0, 2).map(stepCount), [1, 1]);
  assert.deepEqual(linked, [...made.map(({ inbox }) => inbox), ...Array(998).fill(zeroHash)]);
});

/** The third word of an inbox's storage: `_states` is the contract's first mapping. */
async function setCount(inbox: Hex, count: number): Promise<void> {
  for (let base = 0n; base < 8n; base++) {
    const slot = BigInt(keccak256(`0x${inbox.slice(2)}${toHex(base, { size: 32 }).slice(2)}`)) + 2n;
    const index = toHex(slot, { size: 32 });
    const word = await chain.client.getStorageAt({ address: identity.address, slot: index });
    if (word !== (await wordOf(inbox))) continue;
    const value = `${word.slice(0, -4)}${count.toString(16).padStart(4, "0")}` as Hex;
    await chain.client.setStorageAt({ address: identity.address, index, value: pad(value) });
    assert.equal(await wordOf(inbox), value);
    return;
  }
  assert.fail("the word's slot was not found");
}

test("HistoryFull: at 1,024 steps only revocations are taken", async () => {
  const { inbox, wallet, installation } = await registerInbox();
  const limit = await registry.read.MAX_HISTORY_STEPS();
  assert.equal(limit, 1024);
  const second = newKey();
  await registry.write.addInstallation(await addition(inbox, wallet, second));
  await setCount(inbox, limit - 1);
  const last = newWallet();
  await registry.write.linkWallet(await link(inbox, wallet, last));
  assert.equal(stepCount(await wordOf(inbox)), limit);

  const full = { name: "HistoryFull", args: [inbox] };
  const { simulate } = registry;
  const heir = newWallet().address;
  const adding = await addition(inbox, wallet, newKey());
  const linking = await link(inbox, wallet, newWallet());
  const leaving = await unlinking(inbox, last.address, last);
  const proposing = await recovery("SetRecovery", inbox, heir, wallet);
  const calls = [
    () => simulate.addInstallation(adding),
    () => simulate.linkWallet(linking),
    () => simulate.unlinkWallet(leaving),
    () => simulate.setRecovery(proposing),
  ];
  for (const call of calls) assert.deepEqual(await refusal(call()), full);
  for (const key of [installation, second]) {
    await registry.write.revokeInstallation(await revocation(inbox, key, wallet));
  }
  assert.equal(stepCount(await wordOf(inbox)), limit + 2);
  assert.equal(await registry.read.activeInstallations([inbox]), 0);
});

test("an installation's signature that was swapped on the way is refused: the wallet's consent covers it", async () => {
  const { inbox, wallet } = await registerInbox();
  const [, installation, signature, consent] = await addition(inbox, wallet, newKey());
  const swapped = `${signature.slice(0, -2)}${signature.endsWith("00") ? "01" : "00"}` as Hex;
  const bad = { name: "BadSignature", args: [wallet.address] };
  const adding = registry.simulate.addInstallation([inbox, installation, swapped, consent]);
  assert.deepEqual(await refusal(adding), bad);

  const founder = newWallet();
  const founded = await registry.read.inboxId([founder.address, zeroHash]);
  const [, key, , first] = await addition(founded, founder, newKey());
  const registering = registry.simulate.register([zeroHash, key, swapped, first]);
  assert.deepEqual(await refusal(registering), { name: "BadSignature", args: [founder.address] });
  await registry.write.addInstallation([inbox, installation, signature, consent]);
});

test("a wallet signs what the digests of src/wire say, and the contract takes it", async () => {
  const { inbox, wallet } = await registerInbox();
  const network = {
    ...testNetwork,
    chainId: chain.client.chain.id,
    identityRegistry: asAddress(identity.address),
  };
  const fields = {
    inbox: asId<InboxId>(inbox),
    recovery: asAddress(newWallet().address),
    by: asAddress(wallet.address),
  };
  const signed = { ...fields, nonce: 1n, deadline: FAR };
  const digest = identityDigest({
    network,
    structHash: identityStructHash({ name: "SetRecovery", fields: signed }),
  });
  const signature = await identity.sign("SetRecovery", wallet.key, signed);
  assert.equal(toHex(digest), typedDigest(signed));
  const consent = { signer: wallet.address, nonce: 1n, deadline: FAR, signature };
  await registry.write.setRecovery([inbox, fields.recovery, consent]);
});

function typedDigest(message: { inbox: Hex; recovery: Hex; by: Hex; nonce: bigint; deadline: bigint }): Hex {
  const field = (type: string, name: string) => ({ type, name });
  return hashTypedData({
    domain: {
      name: "Weft IdentityRegistry",
      version: "2",
      chainId: chain.client.chain.id,
      verifyingContract: identity.address,
    },
    types: {
      SetRecovery: [
        field("bytes32", "inbox"),
        field("address", "recovery"),
        field("address", "by"),
        field("uint256", "nonce"),
        field("uint256", "deadline"),
      ],
    },
    primaryType: "SetRecovery",
    message,
  });
}
