import type { RateLimits } from "../../src/rpc/accounts.ts";

const rate = { perSecond: 1e6, burst: 1e9 };
const bound = { perAddress: 1_000, total: 10_000 };

/** Nobody in a test comes near them. */
export const wideLimits: RateLimits = {
  calls: rate,
  relays: rate,
  publishedBytes: rate,
  streams: bound,
  connections: bound,
  openBytes: { perAddress: 1e9, total: 1e10 },
};
