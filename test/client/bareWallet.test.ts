import assert from "node:assert/strict";
import { test } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { isWeftError, listInstallations, revokeInstallations } from "../../src/index.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { registerDevices } from "../support/registerDevices.ts";
import { startTestNetwork } from "../support/startTestNetwork.ts";

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
