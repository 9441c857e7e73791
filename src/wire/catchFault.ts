import { WeftError } from "../errors.ts";

/**
 * Gives what `read` returns, or the WeftError that it throws: for callers to whom bad bytes are an outcome, not a
 * fault.
 */
export function catchFault<Value>(read: () => Value): Value | WeftError {
  try {
    return read();
  } catch (error) {
    if (error instanceof WeftError) return error;
    throw error;
  }
}
