import assert from "node:assert/strict";
import { test } from "node:test";
import { signCreateInbox } from "../../src/chain/sign/signIdentity.ts";
import { coreOf } from "../../src/client/client.ts";
import { tables } from "../../src/client/database/tables.ts";
import { noticeCopy } from "../../src/client/group/noticeCopy.ts";
import { WeftError } from "../../src/errors.ts";
import { setOnline } from "../../src/index.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { headOf, reorganize } from "./memoryChain.ts";
import type { Seat } from "./seat.ts";
import { seedRandomness } from "./seedRandomness.ts";
import { BLOCK_MS, emptySnapshot, openSeats, openWorld, seatOf, type World } from "./world.ts";

const PATIENCE_MS = 60_000;

/** From now on nodes take a seat's registrations, and the answer breaks off. */
function loseAnswers({ wire }: Seat): void {
  const { storyOf } = wire;
  const losing = ({ relayIdentity }: NodeApi): Pick<NodeApi, "relayIdentity"> => ({
    relayIdentity: async (action, call) => {
      await relayIdentity(action, call);
      throw new WeftError({ code: "node-unreachable", message: "the connection broke" });
    },
  });
  Object.assign(wire, {
    storyOf: (node: Parameters<typeof storyOf>[0]) => {
      const story = storyOf(node);
      return { ...story, api: { ...story.api, ...losing(story.api) } };
    },
  });
}

function isListed({ chain }: World, { client }: Seat): boolean {
  const listed = client && headOf(chain)?.state.inboxes.get(client.inbox);
  return client !== undefined && listed?.get(client.installation) === "active";
}

async function untilListed(world: World, seat: Seat): Promise<void> {
  const untilMs = world.time.nowMs() + PATIENCE_MS;
  while (!isListed(world, seat)) {
    assert.ok(world.time.nowMs() < untilMs, `${seat.name} is never listed`);
    await world.time.run(200);
  }
}

/** All blocks from the one in which it was listed on. */
function takeRegistration({ chain }: World, { client }: Seat): void {
  const lists = ({ kind, ...record }: { kind: string; installation?: string }): boolean =>
    kind === "installation-added" && record.installation === client?.installation;
  const first = chain.blocks.findIndex(({ records }) => records.some(lists));
  assert.ok(first > 0);
  reorganize({ chain, depth: chain.blocks.length - first, keeps: () => false });
}

test("a registration that landed though no answer came is sent again when a reorganization takes it", async () => {
  using _ = seedRandomness(1);
  await using world = await openWorld({ snapshot: emptySnapshot(["alice"]), seed: 1, faults: 0 });
  await openSeats(world, ["alice"]);
  const alice = seatOf(world, "alice");
  const core = alice.client && coreOf(alice.client);
  assert.ok(core);
  await world.time.run(5_000);
  loseAnswers(alice);
  const evidence = { kind: "key-package", generation: 1 } as const;
  await world.time.settle(noticeCopy({ core, evidence }), PATIENCE_MS);
  await world.time.run(3_000);
  await untilListed(world, alice);
  await world.time.run(3_000);
  takeRegistration(world, alice);
  assert.equal(isListed(world, alice), false);
  await untilListed(world, alice);
});

test("a registration that can't land any more as it was signed is signed anew", async () => {
  using _ = seedRandomness(2);
  const names = ["alice", "alice2", "alice3"];
  await using world = await openWorld({ snapshot: emptySnapshot(names), seed: 2, faults: 0 });
  for (const name of names) {
    await openSeats(world, [name]);
    await world.time.run(3_000);
  }
  const [second, third] = [seatOf(world, "alice2"), seatOf(world, "alice3")];
  assert.ok(second.client);
  // The wallet signed the third one's record with the number behind the second one's, which is not sent again.
  await world.time.settle(setOnline({ client: second.client, online: false }), PATIENCE_MS);
  takeRegistration(world, second);
  assert.equal(isListed(world, third), false);
  await untilListed(world, third);
});

test("a registration that is void on the chain is not taken for done: the client becomes another installation", async () => {
  using _ = seedRandomness(3);
  await using world = await openWorld({ snapshot: emptySnapshot(["alice"]), seed: 3, faults: 0 });
  await openSeats(world, ["alice"]);
  const alice = seatOf(world, "alice");
  const core = alice.client && coreOf(alice.client);
  assert.ok(core);
  await untilListed(world, alice);
  const { chain } = world;
  const record = await tables.identity.get(core.database, {});
  assert.ok(record);
  const { salt, installation } = record;
  takeRegistration(world, alice);
  // Whoever has the wallet registers the key without what only the installation can sign.
  const signer = { wallet: core.wallet, nonce: 0n, deadline: BigInt(2 ** 40) };
  const installationSignature = new Uint8Array(64).fill(1);
  const { network } = chain;
  const action = await signCreateInbox({ network, salt, installation, installationSignature, signer });
  chain.waiting = [{ kind: "identity", action }];
  // Its addition has to be final first.
  const untilMs = world.time.nowMs() + core.finalityBlocks * BLOCK_MS + PATIENCE_MS;
  while (core.self.installation.key === installation || !isListed(world, alice)) {
    assert.ok(world.time.nowMs() < untilMs, "it goes on as an installation that never counts");
    await world.time.run(200);
  }
  assert.equal((await tables.identity.get(core.database, {}))?.installation, core.self.installation.key);
});
