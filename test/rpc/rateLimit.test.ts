import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createTokenBuckets, limitKey } from "../../src/rpc/rateLimit.ts";

test("a bucket never gives more than its burst and what flowed in since", () => {
  const step = fc.record({ waitMs: fc.integer({ min: 0, max: 3000 }), cost: fc.integer({ min: 1, max: 6 }) });
  fc.assert(
    fc.property(
      fc.array(step),
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 10 }),
      (steps, perSecond, burst) => {
        let now = 0;
        let given = 0;
        const buckets = createTokenBuckets({ perSecond, burst, what: "calls", nowMs: () => now });
        for (const { waitMs, cost } of steps) {
          now += waitMs;
          try {
            buckets.take({ key: "a", cost });
            given += cost;
          } catch {
            // refused, so nothing was taken
          }
          assert(given <= burst + (now / 1000) * perSecond + 1e-6);
        }
      },
    ),
  );
});

test("addresses have buckets of their own; an IPv6 network shares one", () => {
  const buckets = createTokenBuckets({ perSecond: 1, burst: 1, what: "calls", nowMs: () => 0 });
  buckets.take({ key: "a", cost: 1 });
  buckets.take({ key: "b", cost: 1 });
  assert.throws(() => buckets.take({ key: "a", cost: 1 }), {
    code: "limit-exceeded",
    message: /wait 1000 ms/,
    retryAfterMs: 1_000,
  });
  assert.equal(limitKey("192.0.2.7"), "192.0.2.7");
  assert.equal(limitKey("::ffff:192.0.2.7"), "192.0.2.7");
  assert.equal(limitKey("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  assert.equal(limitKey("2001:db8::1"), "2001:db8:0:0::/64");
  assert.equal(limitKey("::1"), "0:0:0:0::/64");
  assert.equal(limitKey("fe80::1%eth0"), "fe80:0:0:0::/64");
});
