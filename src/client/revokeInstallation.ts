import { asId, type Hex, type InstallationKey } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import { type RevocationRecord, tables } from "./database/tables.ts";
import type { IntentHandle } from "./group/intentHandle.ts";
import { handleOf } from "./group/waiters.ts";
import { draftRevocation } from "./identity/draftRevocation.ts";
import { storeRevocation } from "./identity/sendRevocations.ts";

/**
 * Ends one of this inbox's installations for ever, this client's own not excepted: the others of its groups take it
 * out. The client's wallet has to be the one that added it or the inbox's recovery wallet (`not-permitted`). The
 * revocation is signed and on disk when this resolves, offline too, and done when the chain lists it. To revoke twice
 * is the same as once. Throws `malformed` for what is no key, `bad-signature` if the wallet declines.
 */
export async function revokeInstallation(params: {
  client: Client;
  installation: Hex;
}): Promise<IntentHandle> {
  const core = coreOf(params.client);
  const installation = asId<InstallationKey>(params.installation);
  const known = await tables.revocation.get(core.database, { installation });
  if (known && !hasFailed(known)) return handleOf(core, known);
  const record = await draftRevocation({ core, installation });
  await storeRevocation(core, record);
  core.registryWakeup.wake();
  return handleOf(core, record);
}

function hasFailed({ progress }: RevocationRecord): boolean {
  return progress.kind === "settled" && progress.outcome.kind === "failed";
}
