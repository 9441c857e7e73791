import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { randomBytes } from "#crypto";
import { inboxIdOf } from "../../src/chain/layout/inboxIdOf.ts";
import { relayIdentity } from "../../src/chain/relay/relayIdentity.ts";
import { signCreateInbox } from "../../src/chain/sign/signIdentity.ts";
import { openRelayer, type Relayer } from "../../src/chain/submit/openRelayer.ts";
import { isWeftError } from "../../src/errors.ts";
import { createInstallation } from "../../src/identity/createInstallation.ts";
import { createKeyPackageRecord } from "../../src/identity/createKeyPackageRecord.ts";
import { MAX_INBOXES_PER_CALL } from "../../src/rpc/limits.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { EMPTY_WORD } from "../../src/wire/identityStep.ts";
import { asAddress, type InboxId, toHex } from "../../src/wire/ids.ts";
import { signInstallationProof } from "../../src/wire/installationProof.ts";
import type { TestNetwork } from "./startTestNetwork.ts";
import { until } from "./until.ts";

/** The chain's accounts that pay, so that several transactions are under way at once; nodes have the lower ones. */
const PAYERS = [5, 6, 7, 8];
const ENVELOPES_PER_CALL = 100;

/**
 * Inboxes with one installation each that can be invited, but nobody runs: registered on the chain, and with a key
 * package on every node unless `without` names their place.
 */
export async function registerCrowd(params: {
  network: TestNetwork;
  size: number;
  without?: readonly number[];
}): Promise<InboxId[]> {
  const { network, size, without = [] } = params;
  const relayers = PAYERS.flatMap((account) => {
    const privateKey = network.chain.accounts[account]?.privateKey;
    return privateKey ? [openRelayer({ privateKey })] : [];
  });
  const people = await Promise.all(
    Array.from({ length: size }, async (_, i) => {
      const relayer = relayers[i % relayers.length];
      if (!relayer) throw new Error("nobody pays");
      return await register({ network, relayer });
    }),
  );
  const inboxes = people.map(({ inbox }) => inbox);
  for (const { api } of network.nodes) {
    await until("all in the index", async () => {
      for (let i = 0; i < size; i += MAX_INBOXES_PER_CALL) {
        const some = inboxes.slice(i, i + MAX_INBOXES_PER_CALL);
        const positions = some.map((inbox) => ({ inbox, count: 0, word: EMPTY_WORD }));
        const { histories } = await api.getHistories({ inboxes: positions });
        if (!histories.every(({ count }) => count === 1)) return false;
      }
      return true;
    });
  }
  const envelopes = people.filter((_, i) => !without.includes(i)).map(({ keyPackage }) => keyPackage);
  for (let i = 0; i < envelopes.length; i += ENVELOPES_PER_CALL) {
    const some = envelopes.slice(i, i + ENVELOPES_PER_CALL);
    await Promise.all(network.nodes.map(({ api }) => api.publish({ envelopes: some })));
  }
  return inboxes;
}

async function register(params: {
  network: TestNetwork;
  relayer: Relayer;
}): Promise<{ inbox: InboxId; keyPackage: Envelope }> {
  const { network, chain } = params.network.chain;
  const wallet = privateKeyToAccount(generatePrivateKey());
  const salt = toHex(randomBytes(32));
  const inbox = inboxIdOf({ wallet: asAddress(wallet.address), salt });
  const installation = createInstallation();
  const { key, privateKey } = installation;
  const installationSignature = signInstallationProof({ network, inbox, privateKey });
  const signer = { wallet, nonce: 0n };
  const action = await signCreateInbox({
    ...{ network, salt, installation: key, installationSignature, signer },
  });
  await until("the inbox submitted", async () => {
    try {
      return (await relayIdentity({ chain, relayer: params.relayer, action })).kind !== "refused";
    } catch (error) {
      if (isWeftError(error, "limit-exceeded")) return false;
      throw error;
    }
  });
  const made = createKeyPackageRecord({ network, inbox, installation, generation: 1, nowMs: Date.now() });
  return { inbox, keyPackage: made.envelope };
}
