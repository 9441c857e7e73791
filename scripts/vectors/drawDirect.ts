import assert from "node:assert/strict";
import { randomBytes } from "#crypto";
import { encodeState } from "../../src/mls/encodeState.ts";
import { encodeTree } from "../../src/mls/encodeTree.ts";
import {
  contextAfterRemove,
  contextAfterRole,
  firstClosedContext,
} from "../../src/reconciler/policy/nextContext.ts";
import { type GroupContext, writeGroupContext } from "../../src/wire/groupContext.ts";
import { directKind, writeKind } from "../../src/wire/groupKind.ts";
import { asId, toHex } from "../../src/wire/ids.ts";
import { makeMember } from "../../test/mls/support/makeMember.ts";
import { type Change, commit, found, type Seat, stage } from "../../test/mls/support/testGroup.ts";
import { testNetwork } from "../../test/support/testNetwork.ts";
import type { DrawnVerdicts } from "../../test/support/vectors/verdictVectors.ts";
import {
  drawCommit,
  drawEntry,
  grandparent,
  group,
  head,
  longName,
  mapValues,
  memberOf,
} from "./drawTown.ts";

/** A direct conversation of alice and bob, and what one of them, hostile, writes below its head. */
export function drawDirect(): DrawnVerdicts {
  const [founder, other, tablet, eve] = ["alice", "bob", "bob", "eve"].map((name) =>
    makeMember(longName(name)),
  );
  assert.ok(founder && other && tablet && eve);
  const kind = directKind(memberOf(founder).inbox, memberOf(other).inbox);
  const context = firstClosedContext({ kind, drawBytes: randomBytes });
  let seats = commit([found(founder, writeGroupContext(context))], 0, { adds: [other] });
  for (const i of seats.keys()) seats = commit(seats, i, {});
  const [alice, bob] = seats;
  assert.ok(alice && bob);
  const town = { alice };
  const write = (by: Seat, change: Change) => drawCommit({ town, by, made: stage(by, change) });
  const propose = (next: GroupContext, removes: readonly Seat[] = []) =>
    write(alice, {
      removes: removes.map(({ state }) => state.ownLeafIndex),
      groupContextExtension: writeGroupContext(next),
    });
  const gone = new Set([memberOf(bob).inbox]);
  const withEve = directKind(memberOf(alice).inbox, memberOf(eve).inbox);
  const message = asId<never>(new Uint8Array(32).fill(3));
  const control = { case: "control", value: { kind: "delete-message", message } } as const;
  const leave = { case: "control", value: { kind: "leave" } } as const;
  const promoted = contextAfterRole({ context, inbox: memberOf(alice).inbox, role: "super-admin" });
  const entries = {
    "alice adds bob's tablet": write(alice, { adds: [tablet] }),
    "alice adds eve": write(alice, { adds: [eve] }),
    "alice rotates": write(alice, {}),
    "alice names it": propose({ ...context, name: "Us" }),
    "alice promotes herself": propose(promoted),
    "alice changes limits": propose({ ...context, lateCommits: 3 }),
    "alice makes a group of it": propose({ ...context, extra: new Uint8Array() }),
    "alice puts eve in bob's place": propose({ ...context, extra: writeKind(withEve) }),
    "alice removes bob": propose(contextAfterRemove({ drawBytes: randomBytes, context, gone }), [bob]),
    "alice writes a newer version": write(alice, { groupContextExtension: Uint8Array.of(0x08, 3) }),
    "alice deletes a message": drawEntry({ town, by: alice, instruction: control }),
    "alice leaves": drawEntry({ town, by: alice, instruction: leave }),
  };
  return {
    ...{ network: testNetwork, group, head, grandparent },
    people: mapValues({ alice, bob, tablet, eve }, memberOf),
    tree: toHex(encodeTree(alice.state)),
    states: mapValues({ alice, bob }, ({ state }) => toHex(encodeState(state))),
    entries: mapValues(entries, ({ authority, payload }) => ({ authority, payload: toHex(payload) })),
  };
}
