import { WeftError } from "../errors.ts";
import { type Deadlines, PACE_BYTES } from "./deadlines.ts";
import type { NodeRequest } from "./httpTypes.ts";

/**
 * Reads a body of at most `maxBytes`. `onBytes` is told after every piece how many bytes came, and may throw. Throws
 * `too-large`, `limit-exceeded` if the body comes too slowly, `closed` if the caller goes away; the rest stays unread.
 */
export async function readBody(params: {
  request: NodeRequest;
  maxBytes: number;
  onBytes: (bytes: { all: number; more: number }) => void;
  deadlines: Deadlines;
}): Promise<Uint8Array> {
  const { request, maxBytes, onBytes, deadlines } = params;
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
  const slow = (): void => reject(tooSlow(deadlines));
  const pace = (): void => {
    if (bytes - paced < PACE_BYTES) slow();
    paced = bytes;
  };
  const timers = [setTimeout(slow, deadlines.bodyMs), setInterval(pace, deadlines.paceMs)];
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

function tooSlow({ bodyMs, paceMs }: Deadlines): WeftError {
  const message = `a request came too slowly: all of it takes ${bodyMs} ms at most, ${PACE_BYTES} bytes ${paceMs} ms`;
  return new WeftError({ code: "limit-exceeded", message });
}
