import { WeftError } from "../errors.ts";

/** What `read` returns, or the WeftError that it throws: where bad bytes are an outcome, not a fault. */
export function catchFault<Value>(read: () => Value): Value | WeftError {
  try {
    return read();
  } catch (error) {
    if (error instanceof WeftError) return error;
    throw error;
  }
}
