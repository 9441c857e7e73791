import { Code, ConnectError } from "@connectrpc/connect";
import { type ErrorCode, errorHints, isWeftError, WeftError } from "../errors.ts";
import { type ErrorDetail, ErrorDetailSchema } from "../gen/weft/v1/node_pb.ts";
import type { Refusal } from "../wire/relayOutcome.ts";

/** The code of Connect that generic HTTP tools see; every other error is a failed precondition. */
const connectCodes: Partial<Record<ErrorCode, Code>> = {
  "bad-signature": Code.PermissionDenied,
  "bad-cursor": Code.OutOfRange,
  "chain-unreachable": Code.Unavailable,
  closed: Code.Unavailable,
  "damaged-database": Code.Internal,
  "disk-full": Code.Unavailable,
  "disk-low": Code.Unavailable,
  "fee-too-high": Code.Unavailable,
  internal: Code.Internal,
  "limit-exceeded": Code.ResourceExhausted,
  malformed: Code.InvalidArgument,
  "not-a-member": Code.PermissionDenied,
  "not-ready": Code.Unavailable,
  "over-budget": Code.ResourceExhausted,
  pruned: Code.OutOfRange,
  storage: Code.Internal,
  "too-large": Code.InvalidArgument,
  "unknown-topic": Code.InvalidArgument,
};

/** The longest wait that a node tells a caller. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** How Connect words that bytes are no message; its code is `internal`. */
const PARSE_FAULT = "parse binary";

/** Makes the error that goes to the caller, always with an ErrorDetail; faults without a code become `internal`. */
export function toConnectError(error: unknown): ConnectError {
  if (isWeftError(error)) {
    const detail = { desc: ErrorDetailSchema, value: refusalMessage(error) };
    const code = connectCodes[error.code] ?? Code.FailedPrecondition;
    return new ConnectError(error.message, code, undefined, [detail], error);
  }
  if (error instanceof ConnectError && error.details.length > 0) return error;
  const code = error instanceof ConnectError ? uncoded(error) : undefined;
  if (error instanceof ConnectError && code !== undefined) {
    return toConnectError(new WeftError({ code, message: error.rawMessage, cause: error }));
  }
  return toConnectError(new WeftError({ code: "internal", message: "internal error", cause: error }));
}

/** Makes the error that the client throws: with the node's own code if there is one, else mostly `node-unreachable`. */
export function toWeftError(error: unknown): WeftError {
  if (isWeftError(error)) return error;
  const fault = ConnectError.from(error);
  const [detail] = fault.findDetails(ErrorDetailSchema);
  if (detail !== undefined) {
    const { code, hint, retryAfterMs } = refusalFromMessage(detail);
    return new WeftError({ code, hint, retryAfterMs, message: fault.rawMessage, cause: error });
  }
  const code = uncoded(fault) ?? "node-unreachable";
  return new WeftError({ code, message: fault.rawMessage, cause: error });
}

/** Makes the message of a refusal; a wait is told in whole milliseconds. */
export function refusalMessage(
  refusal: Pick<ErrorDetail, "code" | "hint"> & { retryAfterMs?: number | undefined },
) {
  const { code, hint, retryAfterMs = 0 } = refusal;
  return { code, hint, retryAfterMs: Math.min(MAX_RETRY_AFTER_MS, Math.ceil(retryAfterMs)) };
}

/** Reads a refusal. A code that this version does not know becomes `internal` but keeps its hint. */
export function refusalFromMessage(
  detail: Pick<ErrorDetail, "code" | "hint"> & { readonly retryAfterMs?: number },
): Refusal {
  const { code, hint, retryAfterMs = 0 } = detail;
  const wait = retryAfterMs === 0 ? {} : { retryAfterMs };
  return { kind: "refused", code: isErrorCode(code) ? code : "internal", hint, ...wait };
}

/** Returns our code for an error that Connect itself found before a handler ran; undefined for others. */
function uncoded({ code, rawMessage }: ConnectError): ErrorCode | undefined {
  if (code === Code.ResourceExhausted) return "too-large";
  const noMessage = code === Code.Internal && rawMessage.startsWith(PARSE_FAULT);
  return noMessage || code === Code.InvalidArgument ? "malformed" : undefined;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorHints, code);
}
