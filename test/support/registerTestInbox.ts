import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { generateEd25519, randomBytes } from "#crypto";
import { inboxIdOf } from "../../src/chain/layout/inboxIdOf.ts";
import { signCreateInbox } from "../../src/chain/sign/signIdentity.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { asAddress, asId, type InboxId, type InstallationKey, toHex } from "../../src/wire/ids.ts";
import { signInstallationProof } from "../../src/wire/installationProof.ts";
import type { Network } from "../../src/wire/network.ts";
import { historyOf } from "./historyOf.ts";
import { until } from "./until.ts";

export type TestInbox = {
  readonly inbox: InboxId;
  readonly wallet: ReturnType<typeof privateKeyToAccount>;
  readonly installation: InstallationKey;
  readonly installationPrivateKey: Uint8Array;
};

/** Relays a fresh wallet's inbox with one installation and waits until the node's index has it. */
export async function registerTestInbox(params: { network: Network; api: NodeApi }): Promise<TestInbox> {
  const { network, api } = params;
  const wallet = privateKeyToAccount(generatePrivateKey());
  const salt = toHex(randomBytes(32));
  const inbox = inboxIdOf({ wallet: asAddress(wallet.address), salt });
  const { publicKey, privateKey } = generateEd25519();
  const installation = asId<InstallationKey>(publicKey);
  const installationSignature = signInstallationProof({ network, inbox, privateKey });
  const signer = { wallet, nonce: 0n };
  const action = await signCreateInbox({ network, salt, installation, installationSignature, signer });
  const outcome = await api.relayIdentity(action);
  if (outcome.kind !== "submitted")
    throw new Error(`the inbox was not submitted: ${JSON.stringify(outcome)}`);
  await until("the inbox in the index", async () => {
    const history = await historyOf({ network, api, inbox });
    return history?.installations.length === 1;
  });
  return { inbox, wallet, installation, installationPrivateKey: privateKey };
}
