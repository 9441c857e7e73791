import assert from "node:assert/strict";
import { encodeState } from "../../src/mls/encodeState.ts";
import { encodeTree } from "../../src/mls/encodeTree.ts";
import { pathEvidence } from "../../src/mls/pathEvidence.ts";
import { ownEvidence } from "../../src/reconciler/entries/judgeEvidence.ts";
import { openEntry } from "../../src/reconciler/entries/openEntry.ts";
import type { ControlInstruction } from "../../src/wire/control.ts";
import { asId, toHex } from "../../src/wire/ids.ts";
import type { Seat } from "../../test/mls/support/testGroup.ts";
import { testNetwork } from "../../test/support/testNetwork.ts";
import type { DrawnVerdicts } from "../../test/support/vectors/verdictVectors.ts";
import { drawCommits } from "./drawCommits.ts";
import { drawForgeries } from "./drawForgeries.ts";
import {
  type DrawnEntry,
  drawEntry,
  drawTown,
  grandparent,
  group,
  head,
  idOf,
  mapValues,
  memberOf,
  type Town,
} from "./drawTown.ts";

/** A group, and entries of all kinds below its head, from fresh keys and randomness. */
export function drawVerdicts(): DrawnVerdicts {
  const town = drawTown();
  const { alice, bob, carol, dave, tablet, eve } = town;
  const commits = { ...drawCommits(town), ...drawForgeries(town) };
  const entries = { ...commits, ...drawControls(town, commits) };
  return {
    ...{ network: testNetwork, group, head, grandparent },
    people: mapValues({ alice, bob, carol, dave, tablet, eve }, memberOf),
    tree: toHex(encodeTree(alice.state)),
    states: mapValues({ alice, bob, carol, dave }, ({ state }) => toHex(encodeState(state))),
    entries: mapValues(entries, ({ authority, payload }) => ({ authority, payload: toHex(payload) })),
  };
}

function drawControls(town: Town, commits: Record<string, DrawnEntry>): Record<string, DrawnEntry> {
  const { alice, bob, carol, dave } = town;
  const write = (by: Seat, value: ControlInstruction) =>
    drawEntry({ town, by, instruction: { case: "control", value } });
  const about = (name: string) => {
    const entry = commits[name];
    assert.ok(entry, `an entry ${name}`);
    return { entry, id: idOf(entry) };
  };
  const request = (by: Seat, name: string) => write(by, { kind: "request", entry: about(name).id });
  const evidence = (by: Seat, name: string, read: typeof ownEvidence) => {
    const { entry, id } = about(name);
    const block = { number: 1000, hash: head, time: 1000 };
    const onChain = { ...entry, group, id, parent: head, index: 0, block, logIndex: 0 };
    const opened = openEntry({ network: testNetwork, state: by.state, entry: onChain });
    assert.ok(opened.kind === "commit");
    const shown = read({ state: by.state, verified: opened.verified, authority: entry.authority });
    assert.ok(shown);
    return write(by, { kind: "evidence", entry: id, ...shown });
  };
  const message = asId<never>(new Uint8Array(32).fill(3));
  return {
    "alice deletes a message": write(alice, { kind: "delete-message", message }),
    "bob deletes a message": write(bob, { kind: "delete-message", message }),
    "carol leaves": write(carol, { kind: "leave" }),
    "alice leaves": write(alice, { kind: "leave" }),
    "alice can't follow dave's path": request(alice, "a path that alice and bob can't open"),
    "bob can't follow dave's path": request(bob, "a path that alice and bob can't open"),
    "carol can't follow bob's Remove": request(carol, "bob removes dave"),
    "dave can't follow bob's Remove": request(dave, "bob removes dave"),
    "evidence of a false tag": evidence(carol, "a path with a false tag", ownEvidence),
    "evidence of a false authority": evidence(alice, "a path under a false authority", ownEvidence),
    "evidence against a good path": evidence(alice, "carol rotates", pathEvidence),
    "evidence of a secret that opens nothing": write(carol, {
      ...{ kind: "evidence", entry: about("a path of wrong secrets").id },
      ...{ pathSecret: new Uint8Array(32).fill(5), stepIndex: 0 },
    }),
  };
}
