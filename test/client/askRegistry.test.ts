import assert from "node:assert/strict";
import { test } from "node:test";
import { generateEd25519 } from "#crypto";
import { askRegistry, forgetInboxes } from "../../src/client/entries/askRegistry.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { asAddress, asId, type InboxId, type InstallationKey } from "../../src/wire/ids.ts";
import { signInstallationProof } from "../../src/wire/installationProof.ts";
import { openOfflineClient } from "../support/openOfflineClient.ts";
import { testNetwork } from "../support/testNetwork.ts";

const inbox = asId<InboxId>(new Uint8Array(32).fill(9));
const { publicKey, privateKey } = generateEd25519();
const installation = asId<InstallationKey>(publicKey);
const signature = signInstallationProof({ network: testNetwork, inbox, privateKey });
const nobody = asAddress(new Uint8Array(20));

/** A node that has read the chain up to `head`, where the installation was revoked in `revokedBlock`. */
function nodeAt(head: number, revokedBlock: number | undefined) {
  let asked = 0;
  const getInboxes: NodeApi["getInboxes"] = async () => {
    asked++;
    const installations = [{ installation, addedBlock: 1, revokedBlock, wallet: nobody, signature }];
    const record = { inbox, wallets: [], installations, recovery: nobody };
    return { inboxes: [record], head: { number: head, hash: "0x", time: 0 } };
  };
  return { getInboxes, asked: () => asked };
}

test("a verdict takes the registry from the node that serves it, whatever another has said", async () => {
  await using opened = await openOfflineClient();
  const { core } = opened;
  const signal = AbortSignal.timeout(10_000);
  const ask = { core, inboxes: [inbox], block: 21, signal };
  const revokedIn = async (
    api: ReturnType<typeof nodeAt>,
    reading: Parameters<typeof askRegistry>[0]["reading"],
  ) => (await askRegistry({ ...ask, reading, api })).registry(inbox)?.installations[0]?.revokedBlock;
  // On a fork that is gone by the time the entry comes.
  const gone = nodeAt(25, 24);
  assert.equal(await revokedIn(gone, core), 24);
  const serving = nodeAt(22, 20);
  const reading = { inboxes: new Map() };
  assert.equal(await revokedIn(serving, reading), 20);
  assert.equal(await revokedIn(serving, reading), 20);
  assert.deepEqual([gone.asked(), serving.asked()], [1, 1]);
  await forgetInboxes({ core, reading, afterBlock: 20 });
  assert.equal(await revokedIn(nodeAt(23, undefined), reading), undefined);
});

test("what was read while the chain was rolled back answers for nothing", async () => {
  await using opened = await openOfflineClient();
  const { core } = opened;
  const reading = { inboxes: new Map() };
  const node = nodeAt(25, undefined);
  const getInboxes: NodeApi["getInboxes"] = async (params) => {
    const answer = await node.getInboxes(params);
    await forgetInboxes({ core, reading, afterBlock: 20 });
    return answer;
  };
  const signal = AbortSignal.timeout(10_000);
  await assert.rejects(
    askRegistry({ core, reading, api: { getInboxes }, inboxes: [inbox], block: 21, signal }),
    {
      code: "not-ready",
    },
  );
});
