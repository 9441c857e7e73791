/** Between parts of a long computation: timers, sockets and what waits for them have their turn. */
export function letOthersRun(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
