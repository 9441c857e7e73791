import assert from "node:assert/strict";
import { test } from "node:test";
import { isDone, refusalOf, type Standing, type WalletChange } from "../../src/client/wallet/walletChange.ts";
import { MAX_HISTORY_STEPS } from "../../src/wire/identityStep.ts";
import { type Address, asAddress, asId, type InboxId } from "../../src/wire/ids.ts";

const address = (byte: number): Address => asAddress(new Uint8Array(20).fill(byte));
const inbox = asId<InboxId>(new Uint8Array(32).fill(1));
const other = asId<InboxId>(new Uint8Array(32).fill(2));
const [first, second, stranger, taken] = [1, 2, 3, 4].map(address) as [Address, Address, Address, Address];

const standing: Standing = {
  inboxOf: new Map([
    [first, inbox],
    [second, inbox],
    [stranger, undefined],
    [taken, other],
  ]),
  linked: 2,
  recovery: first,
  proposal: undefined,
  steps: 3,
  isConfirmed: true,
};
const proposed: Standing = { ...standing, proposal: { wallet: second, changesAt: 900 } };
const unlink = (wallet: Address, evenLast = false): WalletChange => ({ kind: "unlink", wallet, evenLast });

test("each change is refused for one reason, as the contract would refuse it", () => {
  const reason = (by: Address, change: WalletChange, told = standing) =>
    refusalOf({ inbox, change, by, standing: told })?.reason;
  const link = (wallet: Address): WalletChange => ({ kind: "link", wallet });
  assert.equal(reason(first, link(stranger)), undefined);
  assert.equal(reason(stranger, link(stranger)), "not-permitted");
  assert.equal(reason(first, link(taken)), "in-another-inbox");
  assert.equal(reason(first, link(stranger), { ...standing, steps: MAX_HISTORY_STEPS }), "history-full");

  assert.equal(reason(first, unlink(second)), undefined);
  assert.equal(reason(second, unlink(second)), undefined);
  assert.equal(reason(second, unlink(first)), "not-permitted");
  assert.equal(reason(second, unlink(first), proposed), "too-early");
  assert.equal(reason(first, unlink(stranger)), "not-linked");
  assert.equal(reason(first, unlink(taken)), "not-linked");
  assert.equal(reason(first, unlink(first), { ...standing, linked: 1 }), "last-wallet");
  assert.equal(reason(first, unlink(first, true), { ...standing, linked: 1 }), undefined);

  const propose: WalletChange = { kind: "propose-recovery", recovery: stranger };
  assert.equal(reason(first, propose), undefined);
  assert.equal(reason(second, propose), undefined);
  assert.equal(reason(stranger, propose), "not-permitted");
  assert.equal(reason(stranger, propose, { ...standing, recovery: stranger }), undefined);

  const veto: WalletChange = { kind: "veto-recovery", recovery: second };
  assert.equal(reason(first, veto), "nothing-pending");
  assert.equal(reason(first, veto, proposed), undefined);
  assert.equal(reason(second, veto, proposed), "not-permitted");
  assert.equal(reason(first, veto, { ...standing, recovery: second }), "too-late");
});

test("a change is done when the inbox stands so, whoever did it", () => {
  const done = (change: WalletChange, told = standing) => isDone({ inbox, change, standing: told });
  assert.ok(done({ kind: "link", wallet: second }) && !done({ kind: "link", wallet: taken }));
  assert.ok(done(unlink(taken)) && !done(unlink(second)));
  const propose: WalletChange = { kind: "propose-recovery", recovery: second };
  assert.deepEqual(
    [done(propose), done(propose, proposed), done(propose, { ...standing, recovery: second })],
    [false, true, true],
  );
  // The present recovery wallet, proposed again, takes the place of what is pending.
  const keep: WalletChange = { kind: "propose-recovery", recovery: first };
  assert.deepEqual([done(keep), done(keep, proposed)], [true, false]);
  const veto: WalletChange = { kind: "veto-recovery", recovery: second };
  assert.deepEqual(
    [done(veto), done(veto, proposed), done(veto, { ...standing, recovery: second })],
    [true, false, false],
  );
});
