import { randomBytes } from "#crypto";
import { readWhole } from "../../src/mls/codec/read.ts";
import type { Proposal } from "../../src/mls/commit/proposal.ts";
import { readKeyPackage } from "../../src/mls/welcome/keyPackage.ts";
import {
  contextAfterRemove,
  contextAfterRename,
  contextAfterRole,
} from "../../src/reconciler/policy/nextContext.ts";
import type { Role } from "../../src/reconciler/policy/roleOf.ts";
import { type GroupContext, writeGroupContext } from "../../src/wire/groupContext.ts";
import { writeNumbered } from "../../src/wire/numbered.ts";
import type { TestMember } from "../../test/mls/support/makeMember.ts";
import { type Change, type Seat, stage } from "../../test/mls/support/testGroup.ts";
import { type DrawnEntry, drawCommit, drawRequest, memberOf, type Town } from "./drawTown.ts";

/** Commits that are good MLS: only the policy may have something against them. */
export function drawCommits(town: Town): Record<string, DrawnEntry> {
  const { context, alice, bob, carol, dave, tablet, eve } = town;
  const write = (by: Seat, change: Change) => drawCommit({ town, by, made: stage(by, change) });
  const propose = (by: Seat, next: GroupContext, removes: readonly Seat[] = []) =>
    write(by, {
      removes: removes.map(({ state }) => state.ownLeafIndex),
      groupContextExtension: writeGroupContext(next),
    });
  const role = (who: TestMember, to: Role, from = context) =>
    contextAfterRole({ context: from, inbox: memberOf(who).inbox, role: to });
  const without = (...gone: TestMember[]) =>
    contextAfterRemove({
      drawBytes: randomBytes,
      context,
      gone: new Set(gone.map((one) => memberOf(one).inbox)),
    });
  return {
    "alice adds eve": write(alice, { adds: [eve] }),
    "carol adds eve": write(carol, { adds: [eve] }),
    "carol adds dave's tablet": write(carol, { adds: [tablet] }),
    "bob rotates": write(bob, {}),
    "carol rotates": write(carol, {}),
    "bob renames": propose(bob, contextAfterRename({ context, name: "Dinner" })),
    "carol renames": propose(carol, contextAfterRename({ context, name: "Dinner" })),
    "alice changes limits": propose(alice, { ...context, lateCommits: 3 }),
    "bob changes limits": propose(bob, { ...context, lateCommits: 3 }),
    "alice changes the salt": propose(alice, { ...context, salt: randomBytes(32) }),
    "alice makes carol admin": propose(alice, role(carol, "admin")),
    "alice makes eve admin": propose(alice, role(eve, "admin")),
    "alice steps down": propose(alice, role(alice, "member")),
    "alice hands over to bob": propose(alice, role(alice, "member", role(bob, "super-admin"))),
    "bob promotes himself": propose(bob, role(bob, "super-admin")),
    "carol promotes herself": propose(carol, role(carol, "super-admin")),
    "alice removes bob": propose(alice, without(bob), [bob]),
    "bob removes dave": propose(bob, without(dave), [dave]),
    "bob removes alice": propose(bob, without(alice), [alice]),
    "carol removes dave": propose(carol, without(dave), [dave]),
    ...drawRepairs(town),
    "alice lowers the version": propose(alice, { ...context, version: 1 }),
    "alice changes a setting that nobody knows": propose(alice, {
      ...context,
      extra: writeNumbered([{ number: 100, value: Uint8Array.of(7) }]),
    }),
    "bob removes dave and keeps the salt": propose(bob, context, [dave]),
    "bob removes dave and renames": propose(bob, { ...without(dave), name: "Dinner" }, [dave]),
    "alice writes junk as context": write(alice, { groupContextExtension: Uint8Array.of(0x0a, 0xff) }),
    "alice writes a newer version": write(alice, { groupContextExtension: Uint8Array.of(0x08, 3) }),
    "carol writes a newer version": write(carol, { groupContextExtension: Uint8Array.of(0x08, 3) }),
  };
}

/** Carol takes alice out, to be added again or not, with a request or without. */
function drawRepairs(town: Town): Record<string, DrawnEntry> {
  const { context, alice, carol } = town;
  const removal = (repaired: readonly TestMember[], requests: readonly Uint8Array[]): DrawnEntry => {
    const gone = new Set(repaired.length > 0 ? [] : [memberOf(alice).inbox]);
    const next = contextAfterRemove({
      drawBytes: randomBytes,
      context,
      gone,
      repaired: repaired.map(memberOf),
      block: 995,
    });
    const made = stage(carol, {
      removes: [alice.state.ownLeafIndex],
      groupContextExtension: writeGroupContext(next),
    });
    return drawCommit({ town, by: carol, made, requests });
  };
  const asked = drawRequest({ town, by: alice });
  const elsewhere = drawRequest({ town, by: alice, leaf: `0x${"11".repeat(32)}` });
  return {
    "carol removes alice to add her again": removal([alice], [asked]),
    "carol removes alice to add her again, unasked": removal([alice], []),
    "carol removes alice to add her again, who asked for another leaf": removal([alice], [elsewhere]),
    "carol removes alice for good, who asked": removal([], [asked]),
  };
}

export function addOf({ keyPackage }: TestMember): Proposal {
  return { kind: "add", keyPackage: readWhole(keyPackage, readKeyPackage) };
}
