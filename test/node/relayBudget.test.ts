import assert from "node:assert/strict";
import { test } from "node:test";
import { isWeftError } from "../../src/errors.ts";
import { openRelayBudget } from "../../src/node/relaying/relayBudget.ts";

const GAS = 1_000_000;
const NEWCOMER_GAS = 200_000;
const COST = 1_000;
const HOUR_MS = 3_600_000;

/** A budget under a clock that moves by hand, where a unit of gas costs so much; without a bound in coin unless told. */
function openBudget({ gweiPerHour = 0, fee = (): number => 0 } = {}) {
  let ms = 0;
  const hour = { gasPerHour: GAS, newcomerGasPerHour: NEWCOMER_GAS, gweiPerHour };
  const budget = openRelayBudget({ ...hour, nowMs: () => ms });
  const spend = (asked: { caller: string; subject: string; isNewcomer?: boolean; gas?: number }): boolean => {
    try {
      const { gas = COST } = asked;
      using reservation = budget.reserve({ isNewcomer: false, ...asked, gas });
      reservation.resize({ gas, gwei: gas * fee() });
      reservation.keep();
      return true;
    } catch (error) {
      if (isWeftError(error, "over-budget")) return false;
      throw error;
    }
  };
  let drawn = 0;
  /** Spends on fresh subjects until nothing is given any more; gives the gas. */
  const flood = (caller: string, isNewcomer = false): number => {
    let gas = 0;
    while (spend({ caller, subject: `fresh ${drawn++}`, isNewcomer })) gas += COST;
    return gas;
  };
  const wait = (by: number): void => {
    ms += by;
  };
  return { budget, spend, flood, wait };
}

const many = (count: number) => Array.from({ length: count }, (_, at) => `address ${at}`);

test("an address alone gets a quarter of an hour's gas, and leaves as much as it took for the next", () => {
  const { flood } = openBudget();
  assert.equal(flood("one"), GAS / 4);
  assert.equal(flood("two"), GAS / 8);
  assert.ok(flood("three") >= GAS / 20);
});

test("no hour takes more than its gas, whoever asks, and each address gets its part again", () => {
  const { flood, wait } = openBudget();
  const minutes: number[] = [];
  const ofOne: number[] = [];
  for (let minute = 0; minute < 180; minute++) {
    minutes.push(many(20).reduce((sum, caller) => sum + flood(caller), 0));
    if (minute % 30 === 29) ofOne.push(flood("seldom"));
    wait(HOUR_MS / 60);
  }
  for (let from = 0; from + 60 <= minutes.length; from++) {
    const hour = minutes.slice(from, from + 60).reduce((sum, gas) => sum + gas, 0);
    assert.ok(hour <= GAS, `${hour} in the hour from minute ${from} on`);
  }
  assert.ok(ofOne.every((gas) => gas <= GAS / 4));
});

test("what builds on one entry gets a twentieth from all addresses together; other entries have theirs", () => {
  const { spend } = openBudget();
  const spent = many(300).filter((caller) => spend({ caller, subject: "a removed member's entry" }));
  assert.equal(spent.length, GAS / 20 / 2 / COST);
  assert.ok(spend({ caller: "address 1", subject: "the group's head" }));
});

test("newcomers have a part of their own, and can't crowd out those who are there", () => {
  const { flood, spend } = openBudget();
  assert.equal(flood("one", true), NEWCOMER_GAS / 4);
  const ofAll = many(200).reduce((sum, caller) => sum + flood(caller, true), 0);
  assert.ok(ofAll <= NEWCOMER_GAS / 4);
  assert.ok(spend({ caller: "a member", subject: "a head", gas: 20 * COST }));
});

test("what is refused names when to come again, what is not sent is given back, what is dearer is refused", () => {
  const { budget, flood, wait } = openBudget();
  const asked = { caller: "one", subject: "a head", isNewcomer: false };
  for (let i = 0; i < 1_000; i++) {
    using reservation = budget.reserve({ ...asked, gas: COST });
    reservation.resize({ gas: 2 * COST, gwei: 0 });
    assert.throws(() => reservation.resize({ gas: GAS, gwei: 0 }), { code: "over-budget" });
  }
  assert.equal(flood("one"), GAS / 4);
  assert.equal(budget.left().all, GAS / 4);
  let waitMs = 0;
  assert.throws(
    () => budget.reserve({ ...asked, gas: COST }),
    (error) => {
      assert.ok(isWeftError(error, "over-budget"));
      waitMs = error.retryAfterMs ?? 0;
      return true;
    },
  );
  assert.ok(waitMs > 0 && waitMs < HOUR_MS / 60, `${waitMs} ms`);
  wait(waitMs + 100);
  using _ = budget.reserve({ ...asked, gas: COST });
  assert.throws(() => budget.reserve({ ...asked, gas: GAS }), { retryAfterMs: undefined });
});

test("where gas becomes dear, the coin of an hour ends first, in fair shares; where it is cheap, the gas does", () => {
  let fee = 1;
  const gweiPerHour = 2 * GAS;
  const { budget, flood, wait } = openBudget({ gweiPerHour, fee: () => fee });
  assert.equal(flood("one"), GAS / 4, "as if there were no bound in coin");
  fee = 10;
  const dear = flood("two");
  assert.equal(
    dear,
    Math.floor((gweiPerHour / 2 - GAS / 4) / 2 / (fee * COST)) * COST,
    "half of the coin that is left",
  );
  assert.ok(flood("three") > 0, "and something is left for the next");
  let [gwei, left] = [0, budget.left().gwei ?? 0];
  for (let minute = 0; minute < 60; minute++) {
    wait(HOUR_MS / 60);
    for (const caller of many(10)) gwei += flood(caller) * fee;
    assert.ok((budget.left().gwei ?? 0) >= 0);
    left = Math.max(left, budget.left().gwei ?? 0);
  }
  assert.ok(gwei <= gweiPerHour / 2 + left, `${gwei} gwei in an hour in which ${gweiPerHour / 2} come back`);
});

test("coin that a call turns out not to take, or that is not sent, is given back; without a bound none is left to tell", () => {
  const { budget } = openBudget({ gweiPerHour: GAS, fee: () => 1 });
  const asked = { caller: "one", subject: "a head", isNewcomer: false, gas: COST };
  {
    using reservation = budget.reserve(asked);
    reservation.resize({ gas: COST, gwei: GAS / 8 });
    assert.equal(budget.left().gwei, GAS / 2 - GAS / 8);
    assert.throws(() => reservation.resize({ gas: COST, gwei: GAS / 2 }), { code: "over-budget" });
    assert.equal(budget.left().gwei, GAS / 2 - GAS / 8, "as it was");
  }
  assert.equal(budget.left().gwei, GAS / 2);
  assert.equal(openBudget().budget.left().gwei, undefined);
});
