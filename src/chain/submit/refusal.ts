import { type Abi, decodeErrorResult } from "viem";
import { type ErrorCode, errorHints } from "../../errors.ts";
import type { Hex } from "../../wire/ids.ts";

/** A call that was not sent because it would fail; `message` says why, `hint` what to do. */
export type Refusal = {
  readonly kind: "refused";
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
};

/** Makes a refusal, with the hint of its code. */
export function refusal(params: { code: ErrorCode; message: string }): Refusal {
  return { kind: "refused", ...params, hint: errorHints[params.code] };
}

/** The code that stands for each error of the contracts. */
const codes: Readonly<Record<string, ErrorCode>> = {
  // CommitLog
  UnknownParent: "unknown-parent",
  BadSignature: "bad-signature",
  ZeroAuthority: "malformed",
  TooLarge: "too-large",
  Full: "limit-exceeded",
  LengthMismatch: "malformed",
  // IdentityRegistry
  Expired: "expired",
  BadNonce: "replayed",
  BadInstallationSignature: "bad-signature",
  InboxExists: "not-allowed",
  UnknownInbox: "unknown-record",
  UnknownInstallation: "unknown-record",
  AlreadyLinked: "not-allowed",
  NotLinked: "not-allowed",
  NotAllowed: "not-allowed",
  ZeroInstallation: "malformed",
  KeyRevoked: "revoked",
  TooManyInstallations: "too-many-installations",
  ZeroRecovery: "malformed",
  NothingPending: "unknown-record",
  HistoryFull: "limit-exceeded",
  // PasskeyWallets
  BadKey: "malformed",
  // NodeRegistry
  BondTooSmall: "not-allowed",
  BadGeneration: "not-allowed",
  BadAddresses: "malformed",
  BadShards: "malformed",
  UnknownNode: "unknown-record",
  NotOperator: "not-allowed",
  NotActive: "not-allowed",
  NotLeaving: "not-allowed",
  TooEarly: "not-allowed",
  NothingToWithdraw: "not-allowed",
  AlreadyDisabled: "not-allowed",
  NotEnded: "not-allowed",
  NoConflict: "malformed",
};

/** Decodes a contract's error with its arguments; undefined if the ABI does not have it. */
export function decodeRevert<const T extends Abi>(params: { abi: T; data: Hex }) {
  try {
    return decodeErrorResult<T>(params);
  } catch {
    return undefined;
  }
}

/** Makes a refusal of a contract's error that is no outcome of its own; code `internal` for an unknown one. */
export function refusalOf(params: {
  error: { readonly errorName: string; readonly args?: readonly unknown[] | undefined } | undefined;
  data: Hex;
}): Refusal {
  const { error, data } = params;
  if (error === undefined) {
    return refusal({ code: "internal", message: `the contract reverted with ${data.slice(0, 80)}` });
  }
  const args = (error.args ?? []).map(String).join(", ");
  return refusal({ code: codes[error.errorName] ?? "internal", message: `${error.errorName}(${args})` });
}
