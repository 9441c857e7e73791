import assert from "node:assert/strict";
import { applyCommit } from "../../../src/mls/applyCommit.ts";
import { createGroup } from "../../../src/mls/createGroup.ts";
import { encodeTree } from "../../../src/mls/encodeTree.ts";
import type { GroupState } from "../../../src/mls/groupState.ts";
import { joinGroup } from "../../../src/mls/joinGroup.ts";
import { keyPackageRef } from "../../../src/mls/keyPackageRef.ts";
import { type StagedCommit, stageCommit } from "../../../src/mls/stageCommit.ts";
import { verifyCommit } from "../../../src/mls/verifyCommit.ts";
import { makeMember, type TestMember } from "./makeMember.ts";

/** A member inside a group. */
export type Seat = TestMember & { readonly state: GroupState };

export type Change = {
  readonly adds?: readonly TestMember[];
  readonly removes?: readonly number[];
  readonly groupContextExtension?: Uint8Array;
  readonly forcePath?: boolean;
};

export const groupId: Uint8Array = new Uint8Array(32).fill(7);

/** A group of one. */
export function found(
  creator: TestMember,
  groupContextExtension: Uint8Array = new TextEncoder().encode("context 0"),
): Seat {
  const state = createGroup({
    groupId,
    keyPackage: creator.keyPackage,
    keyPackageSecrets: creator.secrets,
    groupContextExtension,
  });
  return { ...creator, state };
}

/** A group of the named members, added by the first in one commit. */
export function foundWith(names: readonly string[]): Seat[] {
  const [first, ...others] = names.map((name) => makeMember(name));
  assert.ok(first);
  const creator = found(first);
  return others.length === 0 ? [creator] : commit([creator], 0, { adds: others });
}

export function stage(seat: Seat, change: Change): StagedCommit {
  const { adds, ...rest } = change;
  const keyPackages = adds ? { adds: adds.map(({ keyPackage }) => keyPackage) } : {};
  return stageCommit({ state: seat.state, signatureKey: seat.signatureKey, ...rest, ...keyPackages });
}

/** Applies a commit; undefined if it removes the seat. Anything else than adoption fails the test. */
export function follow(seat: Seat, bytes: Uint8Array): Seat | undefined {
  const verdict = verifyCommit({ state: seat.state, commit: bytes });
  if (verdict.kind === "refused") throw new Error(`${seat.name} refuses: ${verdict.reason}`);
  const applied = applyCommit({ state: seat.state, verified: verdict.verified });
  if (applied.kind === "removed") return undefined;
  if (applied.kind === "cut-off") throw new Error(`${seat.name} is cut off: ${applied.reason}`);
  return { ...seat, state: applied.newState };
}

export function joinWith(joiner: TestMember, staged: StagedCommit): Seat {
  const ref = Buffer.from(keyPackageRef(joiner.keyPackage));
  const part = staged.welcome?.groupSecrets.find((candidate) => ref.equals(candidate.keyPackageRef));
  assert.ok(staged.welcome && part, `${joiner.name} is welcome`);
  const { state } = joinGroup({
    keyPackage: joiner.keyPackage,
    keyPackageSecrets: joiner.secrets,
    encryptedGroupSecrets: part.encryptedGroupSecrets,
    encryptedGroupInfo: staged.welcome.encryptedGroupInfo,
    ratchetTree: encodeTree(staged.newState),
  });
  return { ...joiner, state };
}

/** One commit by the seat at `by`, followed by everyone; who was removed leaves, who was added sits at the end. */
export function commit(seats: readonly Seat[], by: number, change: Change): Seat[] {
  const committer = seats[by];
  assert.ok(committer);
  const staged = stage(committer, change);
  const after: Seat[] = [];
  for (const [i, seat] of seats.entries()) {
    const next = i === by ? { ...seat, state: staged.newState } : follow(seat, staged.commit);
    if (next) after.push(next);
  }
  return [...after, ...(change.adds ?? []).map((joiner) => joinWith(joiner, staged))];
}

export function seatNamed(seats: readonly Seat[], name: string): Seat {
  const seat = seats.find((candidate) => candidate.name === name);
  assert.ok(seat, `${name} is in the group`);
  return seat;
}

export function positionOf(seats: readonly Seat[], name: string): number {
  return seats.indexOf(seatNamed(seats, name));
}
