import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createPublicClient, createWalletClient, type Hex, http } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { randomBytes } from "#crypto";
import { openHardhat } from "../../src/chain/deploy/openHardhat.ts";
import { coreOf } from "../../src/client/client.ts";
import { openClientOn } from "../../src/client/openClient.ts";
import {
  type Client,
  createGroup,
  type GroupId,
  groupStatus,
  listInstallations,
  listMembers,
  revokeInstallation,
  sendMessage,
} from "../../src/index.ts";
import { connectNode, type NodeConnection } from "../../src/rpc/connectNode.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import type { IdentityStep } from "../../src/wire/identityStep.ts";
import { asAddress, type InboxId } from "../../src/wire/ids.ts";
import { signInstallationProof } from "../../src/wire/installationProof.ts";
import { openLiedTo, rewriteHistory } from "../support/openLiedTo.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { signStep, testInstallation, testWallet } from "../support/testHistory.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" } as const;
const ghost = testInstallation("ghost");
const mallory = testWallet("mallory");
/** So many words of a liar are heard before it is asked what came of them. */
const ROUNDS = 4;

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

type Forge = (params: { steps: readonly IdentityStep[]; inbox: InboxId }) => readonly IdentityStep[];

/** What a node can write without the key of anybody's wallet: right behind the last step. */
function forgeries(): Record<string, Forge> {
  const placeOf = (steps: readonly IdentityStep[]) => {
    const last = steps.at(-1);
    assert.ok(last?.kind === "create-inbox");
    return { last, place: { block: last.block, time: last.time } };
  };
  const signed = (bytes: number, nonce = 1n) => ({
    nonce,
    deadline: 2n ** 40n,
    signature: randomBytes(bytes),
  });
  const ghostOf = (inbox: InboxId) => ({
    kind: "add-installation" as const,
    installation: ghost.key,
    installationSignature: signInstallationProof({
      network: network.chain.network,
      inbox,
      privateKey: ghost.privateKey,
    }),
  });
  return {
    "a device that bob's wallet did not sign for": ({ steps, inbox }) => {
      const { last, place } = placeOf(steps);
      return [...steps, { ...place, ...ghostOf(inbox), wallet: last.wallet, consent: signed(65) }];
    },
    "a device that a contract is said to have agreed to": ({ steps, inbox }) => {
      const { last, place } = placeOf(steps);
      return [...steps, { ...place, ...ghostOf(inbox), wallet: last.wallet, consent: signed(200) }];
    },
    "a link of the liar's own wallet, which adds a device": ({ steps, inbox }) => {
      const { last, place } = placeOf(steps);
      const pair = { wallet: mallory.address, by: last.wallet };
      const link = {
        ...place,
        kind: "link-wallet",
        ...pair,
        byConsent: signed(65),
        walletConsent: signed(65),
      } as const;
      const add = { ...place, ...ghostOf(inbox), wallet: mallory.address, consent: signed(65, 2n) };
      const step = signStep({ network: network.chain.network, inbox, step: add, signers: [mallory] });
      return [...steps, link, step];
    },
    "a revocation that nobody signed": ({ steps }) => {
      const { last, place } = placeOf(steps);
      const { installation, wallet: by } = last;
      const revoke = {
        ...place,
        kind: "revoke-installation",
        installation,
        by,
        signature: randomBytes(65),
      } as const;
      return [...steps, revoke];
    },
    "a recovery wallet of the liar's, which revokes": ({ steps, inbox }) => {
      const { last, place } = placeOf(steps);
      const { installation, wallet: by } = last;
      const change = { recovery: mallory.address, by, changesAt: last.time, consent: signed(65) };
      const revoke = {
        ...place,
        kind: "revoke-installation",
        installation,
        by: mallory.address,
        signature: new Uint8Array(),
      } as const;
      const step = signStep({ network: network.chain.network, inbox, step: revoke, signers: [mallory] });
      return [...steps, { ...place, kind: "set-recovery", ...change }, step];
    },
    "another block of the same addition": ({ steps }) => {
      const { last } = placeOf(steps);
      return [{ ...last, block: last.block - 1 }];
    },
    "no history at all": () => [],
  };
}

for (const name of Object.keys(forgeries())) {
  test(`${name}: told by all nodes that a client asks, it neither adds nor removes anybody`, async () => {
    const forge = forgeries()[name] as Forge;
    let victim: InboxId | undefined;
    const lie = rewriteHistory({
      victim: () => victim,
      rewrite: (steps, inbox) => forge({ steps, inbox }),
    });
    await using alice = await openLiedTo({ network, change: lie.change });
    await using bob = await openTestClient({ network, name: "bob" });
    const group = await groupOf(alice.client, bob);
    // What bob's device is in is final when the lies begin.
    const known = coreOf(alice.client).inboxes.get(bob.client.inbox);
    await until("bob's addition is final", () => {
      const asOf = coreOf(alice.client).inboxes.get(bob.client.inbox)?.asOf ?? 0;
      return asOf > (known?.history?.block ?? Number.POSITIVE_INFINITY) + 8;
    });
    victim = bob.client.inbox;
    await until("lies are heard", () => lie.told() >= ROUNDS);
    const said = await sendMessage({ client: alice.client, group, text: "still us two" });
    assert.deepEqual(await said.settled, delivered);
    await until("bob reads it", async () => (await texts(bob, group)).includes("still us two"));
    const { installations } = await listInstallations({ client: alice.client, inbox: victim });
    assert.deepEqual(
      installations.map(({ installation, revokedBlock }) => [installation, revokedBlock]),
      [[bob.client.installation, undefined]],
    );
    for (const client of [alice.client, bob.client]) {
      assert.equal(await leavesOf(client, group), 2);
      assert.equal((await groupStatus({ client, group })).members.length, 2);
    }
  });
}

test("a relay that swaps the installation's signature is refused by the contract, and the client opens", async () => {
  let swaps = 0;
  await using alice = await openLiedTo({
    network,
    change: (api) => ({
      relayIdentity: async (action, call) => {
        if (!("installationSignature" in action) || swaps > 0) return await api.relayIdentity(action, call);
        swaps++;
        const outcome = await api.relayIdentity({ ...action, installationSignature: randomBytes(64) }, call);
        assert.deepEqual(
          [outcome.kind, outcome.kind === "refused" && outcome.code],
          ["refused", "bad-signature"],
        );
        // The client is told what it hopes for.
        return { kind: "submitted", transaction: `0x${"00".repeat(32)}` };
      },
    }),
  });
  assert.equal(swaps, 1);
  const { installations } = await listInstallations(alice);
  assert.deepEqual(
    installations.map(({ installation }) => installation),
    [alice.client.installation],
  );
});

test("whoever finds its key on the chain but void draws another one", async () => {
  const { network: addresses } = network.chain;
  await using directory = await temporaryDirectory();
  let drawn: Hex | undefined;
  const account = privateKeyToAccount(generatePrivateKey());
  // The first consent covers another signature than the installation's: the chain takes it, and the addition is void.
  const wallet = {
    address: account.address,
    signTypedData: (data: Parameters<typeof account.signTypedData>[0]) => account.signTypedData(data),
  };
  const spoil = randomBytes(64);
  const change = (api: NodeConnection): Partial<NodeApi> => ({
    relayIdentity: async (action, call) => {
      if (action.kind !== "create-inbox" || drawn !== undefined) return await api.relayIdentity(action, call);
      drawn = action.installation;
      const { signCreateInbox } = await import("../../src/chain/sign/signIdentity.ts");
      const spoiled = await signCreateInbox({
        ...{ network: addresses, wallet, salt: action.salt, installation: action.installation },
        ...{ installationSignature: spoil, signer: { wallet, nonce: 0n } },
      });
      return await api.relayIdentity(spoiled, call);
    },
  });
  await using client = await openClientOn({
    database: await openDatabase({ path: directory.path, kind: "client", network: addresses }),
    nodes: network.nodes.map(({ url }) => url),
    connect: ({ url }) => {
      const api = connectNode({ url });
      return { ...api, ...change(api) };
    },
    ...{ wallet, network: addresses, rotation: "off", consent: "allow", ownRoom: false },
  });
  assert.ok(drawn !== undefined && client.installation !== drawn);
  const { installations } = await listInstallations({ client });
  assert.deepEqual(
    installations.map(({ installation }) => installation),
    [client.installation],
  );
  // It works: somebody can invite it.
  await using bob = await openTestClient({ network, name: "bob" });
  const { group, intent } = await createGroup({ ...bob, name: "g", members: [client.inbox] });
  assert.deepEqual(await intent.settled, delivered);
  await until("in the group", () => isMember({ client }, group));
});

test("a contract wallet: its devices come and go by the chain's word, and the list says who vouches", async () => {
  const key = privateKeyToAccount(generatePrivateKey());
  const address = await deployKeyWallet(key.address);
  const wallet = { address, signTypedData: key.signTypedData };
  const open = async (stack: AsyncDisposableStack): Promise<Client> => {
    const { path } = stack.use(await temporaryDirectory());
    return stack.use(
      await openClientOn({
        database: await openDatabase({ path, kind: "client", network: network.chain.network }),
        nodes: network.nodes.map(({ url }) => url),
        ...{ connect: connectNode, wallet, network: network.chain.network, rotation: "off" },
        ...{ consent: "allow", ownRoom: false },
      }),
    );
  };
  await using stack = new AsyncDisposableStack();
  const carol = await open(stack);
  await using alice = await openTestClient({ network, name: "alice" });
  const { group, intent } = await createGroup({ ...alice, name: "g", members: [carol.inbox] });
  assert.deepEqual(await intent.settled, delivered);
  await until("carol in the group", () => isMember({ client: carol }, group));
  const phone = await open(stack);
  assert.equal(phone.inbox, carol.inbox);
  await until("her phone in the group", () => isMember({ client: phone }, group));
  const revoked = await revokeInstallation({ client: carol, installation: phone.installation });
  assert.deepEqual(await revoked.settled, delivered);
  await until("two leaves", async () => (await leavesOf(alice.client, group)) === 2);

  await until("alice has read it", async () => {
    const { installations } = await listInstallations({ ...alice, inbox: carol.inbox });
    return installations[1]?.revokedBlock !== undefined;
  });
  const list = await listInstallations({ ...alice, inbox: carol.inbox });
  assert.deepEqual(
    list.installations.map((one) => [one.installation, one.wallet, one.vouchedBy]),
    [
      [carol.installation, asAddress(address), "contract"],
      [phone.installation, asAddress(address), "contract"],
    ],
  );
  assert.deepEqual(
    list.wallets.map((one) => [one.wallet, one.vouchedBy]),
    [[asAddress(address), "contract"]],
  );
  assert.deepEqual(list.recovery, { wallet: asAddress(address), vouchedBy: "contract" });
});

test("anybody's inbox is listed, with the block that it is for; without a network it says why it is not", async () => {
  await using alice = await openTestClient({ network, name: "alice" });
  await using stranger = await openTestClient({ network, name: "stranger" });
  const own = await listInstallations(stranger);
  await until("the stranger is in the index", async () => {
    const seen = await listInstallations({ ...alice, inbox: stranger.client.inbox });
    return seen.installations.length === 1;
  });
  const list = await listInstallations({ ...alice, inbox: stranger.client.inbox });
  assert.deepEqual(
    list.installations.map(({ installation, vouchedBy, isSelf }) => [installation, vouchedBy, isSelf]),
    [[stranger.client.installation, "secp256k1", false]],
  );
  assert.equal(list.recovery?.wallet, own.recovery?.wallet);
  assert.ok((list.asOfBlock ?? 0) > 0);
  const { setOnline } = await import("../../src/index.ts");
  await setOnline({ ...alice, online: false });
  const unknown = `0x${"77".repeat(32)}` as InboxId;
  const offline = await listInstallations({ ...alice, inbox: unknown });
  assert.deepEqual([offline.incomplete, offline.installations], ["unread", []]);
});

async function groupOf(client: Client, other: TestClient): Promise<GroupId> {
  const { group, intent } = await createGroup({ client, name: "test", members: [other.client.inbox] });
  assert.deepEqual(await intent.settled, delivered);
  await until("the other in the group", () => isMember(other, group));
  return group;
}

async function leavesOf(client: Client, group: GroupId): Promise<number> {
  const members = await listMembers({ client, group });
  return members.reduce((sum, { installations }) => sum + installations, 0);
}

/** test/contracts/Fixtures.sol: a contract wallet that one key controls. */
async function deployKeyWallet(key: Hex): Promise<Hex> {
  const { rpcUrl, accounts } = network.chain;
  const payer = accounts[9];
  assert.ok(payer);
  const { artifacts } = await openHardhat();
  const { abi, bytecode } = await artifacts.readArtifact("KeyWallet");
  const transport = http(rpcUrl);
  const account = privateKeyToAccount(payer.privateKey);
  const reader = createPublicClient({ transport, pollingInterval: 50 });
  const hash = await createWalletClient({ account, transport }).deployContract({
    ...{ abi, bytecode: bytecode as Hex, args: [key], chain: null, gasPrice: 2_000_000_000n },
  });
  const { contractAddress } = await reader.waitForTransactionReceipt({ hash });
  assert.ok(contractAddress);
  return contractAddress;
}
