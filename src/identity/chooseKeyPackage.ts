import { WeftError } from "../errors.ts";
import { decodeKeyPackage } from "../mls/decodeKeyPackage.ts";
import { catchFault } from "../wire/catchFault.ts";
import type { Envelope } from "../wire/envelope.ts";
import type { InstallationKey } from "../wire/ids.ts";
import { decodeKeyPackageRecord, type KeyPackageRecord } from "../wire/keyPackageRecord.ts";
import type { Network } from "../wire/network.ts";
import { ownerOfLeaf } from "./credential.ts";
import { activeAt, type KnownInbox } from "./inbox.ts";

/** Why a served key package is not used. */
export type KeyPackageRefusal =
  | "malformed"
  | "bad-signature"
  | "other-installation"
  | "wrong-chain"
  | "wrong-inbox"
  | "inactive-installation"
  | "expired"
  | "bad-key-package"
  | "foreign-key-package";

export type KeyPackageOutcome =
  | { readonly kind: "usable"; readonly record: KeyPackageRecord }
  | { readonly kind: "refused"; readonly reason: KeyPackageRefusal };

type Params = {
  readonly installation: InstallationKey;
  /** The inbox, as its replayed history gives it (`replayHistory`). */
  readonly inbox: KnownInbox;
  readonly network: Network;
  /** The registry is read as of the end of this block. */
  readonly block: number;
  readonly nowMs: number;
};

/**
 * Chooses, of what several nodes served for one installation, the usable record with the highest generation: a node
 * that withholds the newest does not decide. `refused` names why each of the others falls out.
 */
export function chooseKeyPackage(params: Params & { envelopes: readonly Envelope[] }): {
  record: KeyPackageRecord | undefined;
  refused: KeyPackageRefusal[];
} {
  const outcomes = params.envelopes.map((envelope) => checkKeyPackageRecord({ ...params, envelope }));
  const usable = outcomes.flatMap((one) => (one.kind === "usable" ? [one.record] : []));
  const [record] = usable.sort((a, b) => b.generation - a.generation);
  return { record, refused: outcomes.flatMap((one) => (one.kind === "refused" ? [one.reason] : [])) };
}

/** Checks a served key package against the registry, the clock and itself. Never throws. */
export function checkKeyPackageRecord(params: Params & { envelope: Envelope }): KeyPackageOutcome {
  const record = catchFault(() => decodeKeyPackageRecord(params.envelope));
  if (record instanceof WeftError) {
    return { kind: "refused", reason: record.code === "bad-signature" ? "bad-signature" : "malformed" };
  }
  const reason = refuseRecord({ ...params, record }) ?? refuseKeyPackage(record);
  return reason ? { kind: "refused", reason } : { kind: "usable", record };
}

function refuseRecord(params: Params & { record: KeyPackageRecord }): KeyPackageRefusal | undefined {
  const { record, installation, inbox, network, block, nowMs } = params;
  if (record.installation !== installation) return "other-installation";
  if (record.chainId !== network.chainId || record.registry !== network.identityRegistry)
    return "wrong-chain";
  if (record.inbox !== inbox.inbox) return "wrong-inbox";
  if (!activeAt({ inbox, installation, block })) return "inactive-installation";
  return record.expiresAt * 1000 <= nowMs ? "expired" : undefined;
}

function refuseKeyPackage(record: KeyPackageRecord): KeyPackageRefusal | undefined {
  const view = catchFault(() => decodeKeyPackage(record.keyPackage));
  if (view instanceof WeftError) return "bad-key-package";
  const owner = ownerOfLeaf(view);
  const isOwn = owner?.inbox === record.inbox && owner.installation === record.installation;
  return isOwn ? undefined : "foreign-key-package";
}
