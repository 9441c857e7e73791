/** Overwrites secrets that are not needed any more. Best effort: a garbage collector may have moved copies. */
export function zero(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}
