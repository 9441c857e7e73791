import { BaseError, HttpRequestError, ResponseBodyTooLargeError } from "viem";
import type { Hex } from "../../wire/ids.ts";

const REFUSING_STATUSES = new Set([400, 413, 422]);

/**
 * Says why a request failed: `answered`: the RPC answered with an error, and the request itself may be at fault, as
 * with too wide a range; `unreachable`: nothing is known about what became of it.
 */
export function rpcFailure(error: unknown): "answered" | "unreachable" {
  for (const cause of causesOf(error)) {
    if (cause instanceof ResponseBodyTooLargeError) return "answered";
    if (cause instanceof HttpRequestError && REFUSING_STATUSES.has(cause.status ?? 0)) return "answered";
    if (rpcCode(cause) !== undefined) return "answered";
  }
  return "unreachable";
}

/** Returns the data (4 bytes or more) that a contract reverted with; undefined if the error holds none. */
export function revertData(error: unknown): Hex | undefined {
  for (const cause of causesOf(error)) {
    const data = cause instanceof Error && "data" in cause ? cause.data : undefined;
    const nested = typeof data === "object" && data !== null && "data" in data ? data.data : data;
    if (typeof nested === "string" && /^0x([0-9a-f]{2}){4,}$/i.test(nested)) return nested as Hex;
  }
  return undefined;
}

/** Returns the RPC's own words, those of the causes too, one a line: they tell what no code does. */
export function rpcMessage(error: unknown): string {
  return [...causesOf(error)]
    .map((cause) => (cause instanceof BaseError ? `${cause.details}` : String(cause)))
    .join("\n");
}

/** Lists the numeric codes of an error and of its causes. */
export function rpcCodes(error: unknown): readonly number[] {
  return [...causesOf(error)].flatMap((cause) => rpcCode(cause) ?? []);
}

function rpcCode(error: unknown): number | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "number" ? code : undefined;
}

function* causesOf(error: unknown): Generator<unknown> {
  for (let cause = error; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined) {
    yield cause;
  }
}
