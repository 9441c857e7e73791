/**
 * Gives the machine's clock, milliseconds since 1970, which may be wrong and may jump either way. It is for what people
 * are shown and what is compared with the chain; durations go by `steadyMs`, and whatever others judge by the chain's
 * time.
 */
export function wallMs(): number {
  return Date.now();
}
