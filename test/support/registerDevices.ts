import { privateKeyToAccount } from "viem/accounts";
import { generateEd25519, randomBytes } from "#crypto";
import { inboxIdOf } from "../../src/chain/layout/inboxIdOf.ts";
import { signAddInstallation, signCreateInbox } from "../../src/chain/sign/signIdentity.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { asAddress, asId, type Hex, type InstallationKey, toHex } from "../../src/wire/ids.ts";
import { signInstallationProof } from "../../src/wire/installationProof.ts";
import type { Network } from "../../src/wire/network.ts";
import { historyOf } from "./historyOf.ts";
import { until } from "./until.ts";

/** A new inbox of a wallet with so many installations, of which nobody has the keys any more. */
export async function registerDevices(params: {
  network: Network;
  api: NodeApi;
  privateKey: Hex;
  count: number;
}): Promise<InstallationKey[]> {
  const { network, api, count } = params;
  const wallet = privateKeyToAccount(params.privateKey);
  const salt = toHex(randomBytes(32));
  const inbox = inboxIdOf({ wallet: asAddress(wallet.address), salt });
  const keys: InstallationKey[] = [];
  while (keys.length < count) {
    const { publicKey, privateKey } = generateEd25519();
    const installation = asId<InstallationKey>(publicKey);
    const installationSignature = signInstallationProof({ network, inbox, privateKey });
    const signer = { wallet, nonce: BigInt(keys.length) };
    const common = { network, installation, installationSignature, signer };
    const action =
      keys.length === 0 ? signCreateInbox({ ...common, salt }) : signAddInstallation({ ...common, inbox });
    const outcome = await api.relayIdentity(await action);
    if (outcome.kind !== "submitted") throw new Error(`not submitted: ${JSON.stringify(outcome)}`);
    keys.push(installation);
  }
  await until("the devices in the index", async () => {
    const history = await historyOf({ network, api, inbox });
    return history?.installations.length === count;
  });
  return keys;
}
