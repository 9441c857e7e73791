import assert from "node:assert/strict";
import { test } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { isWeftError, listInstallations, revokeInstallations } from "../../src/index.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import type { InboxId } from "../../src/wire/ids.ts";
import { lyingHistories } from "../support/lyingHistories.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { registerDevices } from "../support/registerDevices.ts";
import { type Lies, startLyingNode } from "../support/startLyingNode.ts";
import { startTestNetwork } from "../support/startTestNetwork.ts";
import { until } from "../support/until.ts";

/** As many as the contract lets an inbox have at once. */
const MOST = 32;

test("with 32 lost devices the bare wallet lists and revokes, by nodes or past them, and a new device registers", async () => {
  await using network = await startTestNetwork({ nodes: 2 });
  const { chain, nodes } = network;
  const [{ api }] = nodes as [(typeof nodes)[number]];
  const privateKey = generatePrivateKey();
  const wallet = privateKeyToAccount(privateKey);
  const lost = await registerDevices({ network: chain.network, api, privateKey, count: MOST });
  await assert.rejects(
    openTestClient({ network, privateKey }),
    (error) => isWeftError(error, "too-many-installations") && /weft devices.*weft revoke/.test(error.hint),
  );

  const place = { wallet, network: chain.network, nodes: nodes.map(({ url }) => url) };
  const { installations, incomplete } = await listInstallations(place);
  assert.equal(incomplete, undefined, "two operators have told it");
  assert.deepEqual(
    installations.map(({ installation }) => installation),
    lost,
  );
  for (const { vouchedBy, wallet: by, addedTime, revokedBlock, isSelf } of installations) {
    assert.deepEqual(
      [vouchedBy, by, revokedBlock, isSelf],
      ["secp256k1", wallet.address.toLowerCase(), undefined, false],
    );
    assert.ok(addedTime !== undefined && Math.abs(addedTime - Date.now() / 1_000) < 600);
  }

  const [first, second, third, ...kept] = lost;
  assert.ok(first && second && third);
  const revoked = (installation: string) => ({ installation, kind: "revoked", isConfirmed: true });
  const byNodes = await revokeInstallations({ ...place, installations: [first, second, first] });
  assert.deepEqual(byNodes, [first, second].map(revoked));
  const own = { rpcUrl: chain.rpcUrl, account: chain.accounts[3]?.privateKey ?? generatePrivateKey() };
  const pastNodes = await revokeInstallations({
    ...place,
    nodes: [],
    chain: own,
    installations: [third, second],
  });
  assert.deepEqual(pastNodes, [third, second].map(revoked));

  await using device = await openTestClient({ network, privateKey });
  const after = await listInstallations(place);
  const active = after.installations.filter((one) => one.revokedBlock === undefined);
  assert.deepEqual(
    active.map(({ installation }) => installation),
    [...kept, device.client.installation],
  );
  assert.ok(after.installations.some((one) => one.revokedTime !== undefined));

  const stranger = { ...place, wallet: privateKeyToAccount(generatePrivateKey()) };
  await assert.rejects(listInstallations(stranger), { code: "unknown-record" });
  await assert.rejects(revokeInstallations({ ...place, installations: ["0x12"] }), { code: "malformed" });
  const unknown = await revokeInstallations({ ...place, installations: [`0x${"12".repeat(32)}`] });
  assert.deepEqual(
    unknown.map(({ kind }) => kind),
    ["refused"],
  );
});

/** A node that tells what was so at the end of a block, and names that for its newest; `told` hears of it. */
function standingAt(old: BlockRef, inbox: InboxId, told: () => void): Lies {
  return (api) => {
    const before = lyingHistories({
      inbox,
      change: (steps) => steps.filter(({ block }) => block <= old.number),
    });
    const { getHistories = api.getHistories } = before(api);
    return {
      getHistories: async (params, call) => {
        told();
        return { ...(await getHistories(params, call)), head: old };
      },
      readWords: async (question, call) => ({ ...(await api.readWords(question, call)), head: old }),
    };
  };
}

test("a node that names an old block for its newest hides no device from the bare wallet", async () => {
  await using stack = new AsyncDisposableStack();
  const network = stack.use(await startTestNetwork({ nodes: 3 }));
  const liars = await Promise.all(network.nodes.map((node) => startLyingNode({ node })));
  for (const one of liars) stack.use(one);
  const privateKey = generatePrivateKey();
  const { client: first } = stack.use(await openTestClient({ network, privateKey }));
  const [{ api }] = network.nodes as [(typeof network.nodes)[number]];
  const { head: old } = await api.getNode({});
  assert.ok(old);
  const { client: second } = stack.use(await openTestClient({ network, privateKey }));
  await network.chain.mine(24);
  for (const one of network.nodes) {
    await until("the blocks", async () => ((await one.api.getNode({})).head?.number ?? 0) >= old.number + 24);
  }
  const wallet = privateKeyToAccount(privateKey);
  const place = { wallet, network: network.chain.network, nodes: liars.map(({ url }) => url) };
  let told = 0;
  for (const { lie } of liars) {
    lie(standingAt(old, first.inbox, () => told++));
    const { installations, incomplete } = await listInstallations(place);
    assert.deepEqual(
      [installations.map(({ installation }) => installation), incomplete],
      [[first.installation, second.installation], undefined],
    );
    lie(undefined);
  }
  assert.ok(told > 0, "one of them is asked first");
});
