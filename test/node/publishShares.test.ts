import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { randomBytes } from "#crypto";
import { openOriginatorBudget } from "../../src/mesh/originatorBudget.ts";
import { openFairPool } from "../../src/node/fairPool.ts";
import { openPublishShares, publishRatesOf } from "../../src/node/publishShares.ts";
import { readNodeSettings } from "../../src/node/settings/readNodeSettings.ts";
import { type Envelope, envelopeCost } from "../../src/wire/envelope.ts";
import { asId, type InstallationKey } from "../../src/wire/ids.ts";
import { MAX_HISTORY_BYTES } from "../../src/wire/limits.ts";
import {
  groupInfoTopic,
  groupTopic,
  historyTopic,
  keyPackageTopic,
  welcomeTopic,
} from "../../src/wire/topic.ts";
import { testOriginator } from "../support/testOriginator.ts";

const settings = readNodeSettings({ chosen: {}, environment: {} });
const rates = publishRatesOf(settings);
const SECONDS = 600;
const ANYBODY = asId<InstallationKey>(new Uint8Array(32).fill(1));

const sized = (topic: Uint8Array, bytes: number): Envelope => ({
  topic,
  payload: new Uint8Array(bytes - 33),
});
const message = (bytes: number) => sized(groupTopic(asId(new Uint8Array(32).fill(2))), bytes);
const welcome = (bytes: number) => sized(welcomeTopic(ANYBODY), bytes);
const keyPackage = (bytes: number) => sized(keyPackageTopic(ANYBODY), bytes);
const history = (bytes: number, id = randomBytes(32)) => sized(historyTopic(id), bytes);
const groupInfo = (bytes: number) => sized(groupInfoTopic(randomBytes(32)), bytes);

/** Shares under a clock that moves by hand. */
function openShares() {
  let ms = 0;
  const shares = openPublishShares({ rates, nowMs: () => ms });
  const publish = (caller: string, envelope: Envelope): boolean => {
    if (shares.refusal({ caller, envelope })) return false;
    shares.take({ caller, envelope });
    return true;
  };
  /** Publishes all that is taken, in steps of a second, and gives its bytes. */
  const flood = (params: { seconds: number; callers: readonly string[]; make: () => Envelope }): number => {
    let taken = 0;
    for (let second = 0; second <= params.seconds; second++) {
      if (second > 0) ms += 1_000;
      for (const caller of params.callers) {
        for (let one = params.make(); publish(caller, one); one = params.make()) {
          taken += envelopeCost(one);
        }
      }
    }
    return taken;
  };
  const wait = (seconds: number): void => {
    ms += seconds * 1_000;
  };
  return { publish, flood, wait };
}

const many = (count: number) => Array.from({ length: count }, (_, at) => `address ${at}`);

test("what one address can fill disks with is bounded, whatever it publishes", () => {
  const attacks = [
    { what: "its own group", make: () => message(128 * 1024), most: 20e6 + 0.05e6 * SECONDS },
    { what: "tiny messages", make: () => message(300), most: 20e6 + 0.05e6 * SECONDS },
    { what: "group infos on random topics", make: () => groupInfo(65_600), most: 8e6 + 2e3 * SECONDS },
    { what: "tiny ones", make: () => groupInfo(60), most: 8e6 + 2e3 * SECONDS },
    { what: "histories", make: () => history(60_000), most: 20e6 + 500 * SECONDS },
    {
      what: "one history",
      make: () => history(60_000, new Uint8Array(32)),
      most: MAX_HISTORY_BYTES * (17 / 16) + 28 * SECONDS,
    },
    { what: "one bucket of Welcomes", make: () => welcome(2_000), most: 1e6 + 512 * SECONDS },
    { what: "key packages of one installation", make: () => keyPackage(2_400), most: 256e3 + 100 * SECONDS },
  ];
  for (const { what, make, most } of attacks) {
    const taken = openShares().flood({ seconds: SECONDS, callers: ["a"], make });
    assert.ok(taken > 0 && taken <= most * 1.01, `${what}: ${taken} bytes`);
  }
});

test("a minute of all addresses together stays below what other nodes take of one in a minute", () => {
  const budget = openOriginatorBudget({
    messages: settings.peerMessageBytesPerMinute,
    strangers: settings.peerStrangerBytesPerMinute,
  });
  const { publish, wait } = openShares();
  const { next } = testOriginator("a");
  const kinds = [
    () => message(100_000),
    () => groupInfo(65_600),
    () => welcome(60_000),
    () => keyPackage(2_400),
    () => history(60_000),
  ];
  let taken = 0;
  for (let second = 0; second <= 59; second++) {
    for (const caller of many(40)) {
      for (const make of kinds) {
        for (let one = make(); publish(caller, one); one = make()) {
          taken++;
          assert.ok(budget({ batch: next([one]), now: second * 1_000 }), "an honest node is over its budget");
        }
      }
    }
    wait(1);
  }
  assert.ok(taken > 500);
});

test("strangers' kinds leave the members' share alone, and who has published less goes first", () => {
  const { publish, flood } = openShares();
  const floodInfos = (seconds: number) =>
    flood({ seconds, callers: many(100), make: () => groupInfo(16_000) });
  assert.ok(floodInfos(60) > 15e6, "all that there is for them");
  assert.equal(publish("a member", message(1_000)), true);
  floodInfos(3);
  assert.equal(publish("an inviter", groupInfo(15_000)), true, "seconds later, while it goes on");
  assert.equal(publish("another", welcome(2_000)), true, "at once, for that is little");
  const floodMessages = (seconds: number) =>
    flood({ seconds, callers: many(100), make: () => message(5_000) });
  floodMessages(20);
  assert.equal(publish("a member", message(3_000)), true, "at once");
  const whole = MAX_HISTORY_BYTES / 60_000;
  const id = randomBytes(32);
  for (let i = 0; i < whole; i++)
    assert.ok(publish("a new device", history(60_000, id)), "all of it at once");
});

test("in a flooded bucket there is room for a Welcome by somebody else, and in other buckets as ever", () => {
  const { publish, flood, wait } = openShares();
  flood({ seconds: 30, callers: many(20), make: () => welcome(2_000) });
  wait(8);
  assert.equal(publish("address 0", welcome(2_000)), false);
  assert.equal(publish("an inviter", welcome(2_000)), true);
  const other = sized(welcomeTopic(asId(new Uint8Array(32).fill(9))), 2_000);
  assert.notDeepEqual(other.topic, welcome(2_000).topic);
  assert.equal(publish("address 0", other), true);
});

test("an address may found a group of a thousand at once, and a company behind one address talks", () => {
  const { publish } = openShares();
  for (let commit = 1; commit <= 5; commit++) {
    for (let chunk = 0; chunk < commit; chunk++) assert.ok(publish("a", groupInfo(65_600)));
    for (let i = 0; i < 200; i++) {
      const topic = welcomeTopic(asId(Uint8Array.of(commit, i, ...new Uint8Array(30))));
      assert.ok(publish("a", sized(topic, 2_000)), `Welcome ${i} of commit ${commit}`);
    }
  }
  for (let i = 0; i < 20_000; i++) assert.ok(publish("a", message(1_000)));
});

test("nobody gets more of a pool than its share, and all of it comes back in time", () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 2_000 }),
    key: fc.constantFrom("a", "b", "c"),
    cost: fc.integer({ min: 1, max: 600 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      let now = 0;
      const [perSecond, burst] = [100, 1_000];
      const pool = openFairPool({ perSecond, burst, nowMs: () => now });
      let given = 0;
      const byKey = new Map<string, number>();
      for (const { waitMs, key, cost } of steps) {
        now += waitMs;
        if (!pool.fits({ key, cost })) continue;
        pool.take({ key, cost });
        given += cost;
        byKey.set(key, (byKey.get(key) ?? 0) + cost);
        const back = (now / 1_000) * perSecond;
        assert.ok(given <= burst + back + 1, "the pool");
        assert.ok((byKey.get(key) ?? 0) <= burst / 2 + back + 1, "one's share");
      }
      now += 20_000;
      assert.ok(pool.fits({ key: "d", cost: 500 }));
    }),
  );
});
