import type { IdentityRecord } from "../../wire/chainRecord.ts";
import type { IdentityStep } from "../../wire/identityStep.ts";
import type { Hex } from "../../wire/ids.ts";

/**
 * Returns the step that an event adds to its inbox's history; undefined for the inbox's creation, which is one step
 * together with the addition that follows it. `salt` is the inbox's if its history is still empty.
 */
export function stepOf(params: { record: IdentityRecord; salt: Hex | undefined }): IdentityStep | undefined {
  const { record, salt } = params;
  const place = { block: record.block.number, time: record.block.time };
  switch (record.kind) {
    case "inbox-created":
      return undefined;
    case "installation-added": {
      const { installation, installationSignature, wallet, consent } = record;
      const added = { ...place, installation, installationSignature, wallet, consent };
      return salt === undefined
        ? { ...added, kind: "add-installation" }
        : { ...added, kind: "create-inbox", salt };
    }
    case "installation-revoked": {
      const { installation, by, signature } = record;
      return { ...place, kind: "revoke-installation", installation, by, signature };
    }
    case "wallet-linked": {
      const { wallet, by, walletConsent, byConsent } = record;
      return { ...place, kind: "link-wallet", wallet, by, walletConsent, byConsent };
    }
    case "wallet-unlinked": {
      const { wallet, by, consent } = record;
      return { ...place, kind: "unlink-wallet", wallet, by, consent };
    }
    case "recovery-proposed": {
      const { recovery, by, changesAt, consent } = record;
      return { ...place, kind: "set-recovery", recovery, by, changesAt, consent };
    }
    case "recovery-vetoed": {
      const { recovery, by, consent } = record;
      return { ...place, kind: "veto-recovery", recovery, by, consent };
    }
  }
}
