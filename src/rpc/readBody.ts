import { WeftError } from "../errors.ts";
import type { NodeRequest } from "./rpcListener.ts";

/** A whole body: a caller that needs longer has given the call up (CALL_TIMEOUT_MS). */
const BODY_MS = 20_000;
/** In each such time so much of it has to come. */
const PACE_MS = 5_000;
const PACE_BYTES = 4 * 1024;

/**
 * Reads a body of at most `maxBytes`, in time; `onBytes` hears after every piece how much there is and may throw. Throws
 * `too-large`, `limit-exceeded`, and `closed` if the caller goes away. What is left of the body is not read.
 */
export async function readBody(params: {
  request: NodeRequest;
  maxBytes: number;
  onBytes: (bytes: { all: number; more: number }) => void;
}): Promise<Uint8Array> {
  const { request, maxBytes, onBytes } = params;
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  let paced = 0;
  const add = (chunk: Buffer): void => {
    bytes += chunk.length;
    try {
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      onBytes({ all: bytes, more: chunk.length });
      chunks.push(chunk);
    } catch (error) {
      reject(error);
    }
  };
  const end = (): void => resolve(Buffer.concat(chunks));
  const gone = (): void => reject(new WeftError({ code: "closed", message: "the caller went away" }));
  const slow = (): void => reject(tooSlow());
  const pace = (): void => {
    if (bytes - paced < PACE_BYTES) slow();
    paced = bytes;
  };
  const timers = [setTimeout(slow, BODY_MS), setInterval(pace, PACE_MS)];
  request.on("data", add).on("end", end).on("error", gone).on("close", gone);
  try {
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
    return await promise;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    request.off("data", add).off("end", end).off("close", gone);
    request.pause();
  }
}

function tooLarge(maxBytes: number): WeftError {
  return new WeftError({ code: "too-large", message: `a request of more than ${maxBytes} bytes` });
}

function tooSlow(): WeftError {
  const message = `a request came too slowly: ${BODY_MS} ms for all of it, ${PACE_BYTES} bytes every ${PACE_MS} ms`;
  return new WeftError({ code: "limit-exceeded", message });
}
