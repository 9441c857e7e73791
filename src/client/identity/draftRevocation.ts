import { randomBytes } from "#crypto";
import { signRevokeInstallation } from "../../chain/sign/signIdentity.ts";
import { type InstallationKey, toHex } from "../../wire/ids.ts";
import type { RevocationRecord } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";
import { shownMs } from "../nodes/chainTime.ts";

const INTENT_ID_BYTES = 16;

/** Drafts a revocation, signed by the app's wallet. Throws `bad-signature` if the wallet declines. */
export async function draftRevocation(params: {
  core: CoreParts<"links" | "network" | "self" | "wallet">;
  installation: InstallationKey;
}): Promise<RevocationRecord> {
  const { core, installation } = params;
  const { network, wallet, self } = core;
  return {
    id: toHex(randomBytes(INTENT_ID_BYTES)),
    installation,
    action: await signRevokeInstallation({ network, inbox: self.inbox, installation, wallet }),
    createdAtMs: shownMs(core.links),
    progress: { kind: "queued" },
    acknowledged: false,
    isFinal: false,
  };
}
