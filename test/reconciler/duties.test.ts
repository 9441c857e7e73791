import assert from "node:assert/strict";
import { test } from "node:test";
import type { KnownInbox } from "../../src/identity/inbox.ts";
import type { Standing } from "../../src/reconciler/policy/membership.ts";
import type { Member } from "../../src/reconciler/policy/roleOf.ts";
import {
  dutiesOf,
  inboxesOfUpkeep,
  missingInstallations,
  repairsBy,
} from "../../src/reconciler/upkeep/duties.ts";
import type { InboxId, InstallationKey } from "../../src/wire/ids.ts";
import { MAX_INSTALLATIONS_PER_INBOX, VOID_BLOCKS } from "../../src/wire/limits.ts";
import { testId } from "../support/testIntent.ts";
import { alice, bob, carol, companyContext, dave, erin, inside, tablet } from "./company.ts";

const block = 20_000;

function standing(changes: Partial<Standing> = {}): Standing {
  return {
    ...{ context: companyContext(), members: inside, revoked: new Set(), leavers: new Set(), block },
    ...{ stranded: new Set<InstallationKey>(), owed: undefined },
    ...changes,
  };
}

function duties(params: { at?: Partial<Standing>; self?: Member; asked?: InboxId[]; missing?: Member[] }) {
  const { at = {}, self = alice, asked = [], missing = [] } = params;
  const all = standing(at);
  const leaves = { leavers: all.leavers, asked: new Set(asked) };
  return dutiesOf({ standing: all, leaves, self, missing }).map(({ kind, subject }) => `${kind} ${subject}`);
}

test("a group in which all is well asks nothing of anybody", () => {
  for (const self of inside) assert.deepEqual(duties({ self }), []);
});

test("every kind of duty is named with whom it is about", () => {
  const owed = { removes: [dave], roles: [{ inbox: bob.inbox, role: "member" as const }] };
  const revoked = new Set([tablet.installation]);
  const at = { owed, revoked, leavers: new Set([bob.inbox]), stranded: new Set([carol.installation]) };
  assert.deepEqual(duties({ at, missing: [erin] }), [
    `remove-owed ${dave.installation}`,
    `demote-owed ${bob.inbox}`,
    `remove-leaver ${bob.inbox}`,
    `remove-revoked ${tablet.installation}`,
    `remove-stranded ${carol.installation}`,
    `add-installation ${erin.installation}`,
  ]);
});

test("whoever is to go, or is not in, has no duties; its other installation has", () => {
  const revoked = new Set([tablet.installation]);
  assert.deepEqual(duties({ at: { revoked }, self: tablet }), []);
  assert.deepEqual(duties({ at: { revoked }, self: erin }), []);
  assert.deepEqual(duties({ at: { revoked }, self: dave }), [`remove-revoked ${tablet.installation}`]);
  assert.deepEqual(duties({ at: { leavers: new Set([carol.inbox]) }, self: carol }), []);
  assert.deepEqual(duties({ at: { owed: { removes: [carol], roles: [] } }, self: carol }), []);
});

test("a leaver without a leaf is nobody's duty any more", () => {
  assert.deepEqual(duties({ at: { leavers: new Set([erin.inbox]) } }), []);
});

test("only who has asked asks again", () => {
  const asked = [carol.inbox];
  assert.deepEqual(duties({ self: carol, asked }), [`ask-again ${carol.inbox}`]);
  assert.deepEqual(duties({ self: bob, asked }), []);
});

test("a repair is nobody's own, and about no inbox that a decision is about", () => {
  const all = new Set(inside.map(({ installation }) => installation));
  const who = (at: Partial<Standing>, self = alice) => repairsBy({ standing: standing(at), self });
  assert.deepEqual(who({ stranded: all }), [bob, carol, dave, tablet]);
  assert.deepEqual(who({ stranded: all }, dave), [alice, bob, carol, tablet]);
  const revoked = new Set([tablet.installation]);
  assert.deepEqual(
    who({ stranded: all, revoked }),
    [bob, carol],
    "dave's inbox is decided about by its tablet",
  );
  assert.deepEqual(
    who({ stranded: all, context: companyContext({ version: 1 }) }),
    [],
    "a version without a list",
  );
});

test("a leaf that was listed is repaired once more only when the listing is over", () => {
  const stranded = new Set([carol.installation]);
  const listedAt = (since: number) => companyContext({ returning: [{ ...carol, block: since }] });
  const who = (since: number) =>
    repairsBy({ standing: standing({ stranded, context: listedAt(since) }), self: bob });
  assert.deepEqual(who(block - VOID_BLOCKS), []);
  assert.deepEqual(who(block - VOID_BLOCKS - 1), [carol]);
});

test("upkeep looks after the inboxes that are in and those that are awaited, as long as they are", () => {
  const inboxes = (since: number) =>
    inboxesOfUpkeep({
      view: {
        context: companyContext({ returning: [{ ...erin, block: since }] }),
        members: [alice, dave, tablet],
      },
      block,
    });
  assert.deepEqual(inboxes(block), [alice.inbox, dave.inbox, erin.inbox]);
  assert.deepEqual(inboxes(block - VOID_BLOCKS - 1), [alice.inbox, dave.inbox]);
});

/** What a registry lists: installations with the block of their addition, and of their revocation. */
function registry(listed: readonly (Member & { added?: number; revoked?: number })[]) {
  return (inbox: InboxId): KnownInbox | undefined => {
    const installations = listed
      .filter((one) => one.inbox === inbox)
      .map(({ installation, added = 1, revoked }) => ({
        ...{ installation, addedBlock: added, revokedBlock: revoked },
      }));
    return installations.length > 0 ? { inbox, installations } : undefined;
  };
}

const phone = { inbox: carol.inbox, installation: testId<InstallationKey>(77) };

test("what the registry lists of a member and the group lacks is missing, as of the block that is known", () => {
  const missing = (one: Partial<{ added: number; revoked: number }>, at: Partial<Standing> = {}) =>
    missingInstallations({
      standing: standing(at),
      registry: registry([carol, { ...phone, ...one }]),
      block,
    });
  assert.deepEqual(missing({}), [phone]);
  assert.deepEqual(missing({ added: block }), [phone]);
  assert.deepEqual(missing({ added: block + 1 }), []);
  assert.deepEqual(missing({ revoked: block }), []);
  assert.deepEqual(missing({ revoked: block + 1 }), [phone]);
  assert.deepEqual(missing({}, { leavers: new Set([carol.inbox]) }), [], "who leaves gets nobody in");
  assert.deepEqual(missing({}, { members: [...inside, phone] }), []);
});

test("of an inbox that has left nobody is missing but those that are awaited", () => {
  const listed = registry([erin, { ...erin, installation: testId<InstallationKey>(88) }]);
  const missing = (context = companyContext()) =>
    missingInstallations({ standing: standing({ context }), registry: listed, block });
  assert.deepEqual(missing(), []);
  assert.deepEqual(missing(companyContext({ returning: [{ ...erin, block }] })), [erin]);
});

test("an inbox gets no more leaves than it may have, and who comes back has its place", () => {
  const many = Array.from({ length: MAX_INSTALLATIONS_PER_INBOX + 1 }, (_, i) => ({
    inbox: carol.inbox,
    installation: testId<InstallationKey>(200 + i),
  }));
  const last = many.at(-1) as Member;
  const context = companyContext({ returning: [{ ...last, block }] });
  const all = (at: Partial<Standing>) =>
    missingInstallations({ standing: standing(at), registry: registry(many), block });
  assert.deepEqual(
    all({}),
    many.slice(0, MAX_INSTALLATIONS_PER_INBOX - 1),
    "carol's own leaf is one of them",
  );
  const back = all({ context });
  assert.deepEqual(back[0], last);
  assert.equal(back.length, MAX_INSTALLATIONS_PER_INBOX - 1);
});
