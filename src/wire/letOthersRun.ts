/** Lets timers, sockets and what waits for them have their turn between parts of a long computation. */
export function letOthersRun(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
