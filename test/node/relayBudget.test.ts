import assert from "node:assert/strict";
import { test } from "node:test";
import { isWeftError } from "../../src/errors.ts";
import { openRelayBudget } from "../../src/node/relaying/relayBudget.ts";

const GAS = 1_000_000;
const NEWCOMER_GAS = 200_000;
const COST = 1_000;
const HOUR_MS = 3_600_000;

/** A budget under a clock that moves by hand. */
function openBudget() {
  let ms = 0;
  const budget = openRelayBudget({ gasPerHour: GAS, newcomerGasPerHour: NEWCOMER_GAS, nowMs: () => ms });
  const spend = (asked: { caller: string; subject: string; isNewcomer?: boolean; gas?: number }): boolean => {
    try {
      using reservation = budget.reserve({ isNewcomer: false, gas: COST, ...asked });
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
    reservation.resize(2 * COST);
    assert.throws(() => reservation.resize(GAS), { code: "over-budget" });
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
