import assert from "node:assert/strict";
import { test } from "node:test";
import { generateX25519 } from "#crypto";
import { applyCommit } from "../../src/mls/applyCommit.ts";
import { exportSecret } from "../../src/mls/exportSecret.ts";
import type { FreshPath } from "../../src/mls/path/createPath.ts";
import { computePathParents, placePath } from "../../src/mls/path/placePath.ts";
import { judgePathEvidence, pathEvidence } from "../../src/mls/pathEvidence.ts";
import { signLeafNode } from "../../src/mls/tree/leafNode.ts";
import { leafAt } from "../../src/mls/tree/ratchetTree.ts";
import { verifyCommit } from "../../src/mls/verifyCommit.ts";
import { forgeCommit } from "./support/forgeCommit.ts";
import { commit, foundWith, type Seat, seatNamed } from "./support/testGroup.ts";

/** Eight members with a full tree: the path of the last, seen from the first, has one step; from its sibling three. */
function group() {
  let seats = foundWith(["a", "b", "c", "d", "e", "f", "g", "mallory"]);
  for (const i of seats.keys()) seats = commit(seats, i, {});
  return { mallory: seatNamed(seats, "mallory"), near: seatNamed(seats, "g"), far: seatNamed(seats, "a") };
}

function verified(seat: Seat, bytes: Uint8Array) {
  const verdict = verifyCommit({ state: seat.state, commit: bytes });
  assert.ok(verdict.kind === "verified");
  return verdict.verified;
}

function evidenceOf(seat: Seat, bytes: Uint8Array) {
  const evidence = pathEvidence({ state: seat.state, verified: verified(seat, bytes) });
  assert.ok(evidence);
  return evidence;
}

test("a path secret that contradicts the confirmation tag convicts the commit, whoever shows it to whom", () => {
  const { mallory, near, far } = group();
  const { commit: bytes } = forgeCommit({ seat: mallory, withPath: true, spoil: "confirmation-tag" });
  for (const [shows, judges] of [
    [near, far],
    [far, near],
    [far, mallory],
  ] as const) {
    const evidence = evidenceOf(shows, bytes);
    const verdict = judgePathEvidence({ state: judges.state, verified: verified(judges, bytes), evidence });
    assert.deepEqual(verdict, { kind: "contradicts-tag" });
  }
});

test("who gets a wrong secret is cut off and can prove nothing, while others go on", () => {
  const { mallory, near, far } = group();
  const breakChain = (fresh: FreshPath): FreshPath => {
    const [lowest] = fresh.derived.pathSecrets;
    assert.ok(lowest);
    const others = fresh.derived.pathSecrets.slice(1).map(() => generateX25519().privateKey);
    return { ...fresh, derived: { ...fresh.derived, pathSecrets: [lowest, ...others] } };
  };
  const { commit: bytes } = forgeCommit({ seat: mallory, withPath: true, changeFresh: breakChain });
  const seen = verified(far, bytes);
  assert.equal(applyCommit({ state: far.state, verified: seen }).kind, "cut-off");
  const fromFar = judgePathEvidence({ state: near.state, verified: seen, evidence: evidenceOf(far, bytes) });
  assert.deepEqual(fromFar, { kind: "unrelated" }, "a secret that fits no published key proves nothing");
  const fromNear = judgePathEvidence({ state: far.state, verified: seen, evidence: evidenceOf(near, bytes) });
  assert.equal(
    fromNear.kind,
    "consistent",
    "the sibling's secret gives all keys: only the other side is cut off",
  );
});

test("a path secret of which one key is published and the next is not convicts the commit", () => {
  const { mallory, near, far } = group();
  const forged = forgeCommit({
    seat: mallory,
    withPath: true,
    changeFresh: (fresh) => withForeignKeysAbove(mallory, fresh),
  });
  const seen = verified(far, forged.commit);
  const evidence = evidenceOf(near, forged.commit);
  assert.deepEqual(judgePathEvidence({ state: far.state, verified: seen, evidence }), {
    kind: "contradicts-keys",
  });
});

test("an honest commit cannot be convicted: true secrets are consistent, invented ones unrelated", () => {
  const { mallory, near, far } = group();
  const { commit: bytes, newState } = forgeCommit({ seat: mallory, withPath: true });
  const seen = verified(far, bytes);
  const verdict = judgePathEvidence({ state: far.state, verified: seen, evidence: evidenceOf(near, bytes) });
  assert.ok(verdict.kind === "consistent");
  const exported = { label: "l", context: new Uint8Array(0), length: 32 };
  assert.deepEqual(
    exportSecret({ state: verdict.epoch, ...exported }),
    exportSecret({ state: newState, ...exported }),
  );
  for (const stepIndex of [0, 1, 2, 3, 99, -1, 0.5]) {
    const evidence = { pathSecret: new Uint8Array(32), stepIndex };
    assert.deepEqual(judgePathEvidence({ state: far.state, verified: seen, evidence }), {
      kind: "unrelated",
    });
  }
  const { pathSecret } = evidenceOf(near, bytes);
  const displaced = { pathSecret, stepIndex: 1 };
  assert.deepEqual(judgePathEvidence({ state: far.state, verified: seen, evidence: displaced }), {
    kind: "unrelated",
  });
});

/** The same path, signed and hashed as it should be, with keys from elsewhere above its first step. */
function withForeignKeysAbove(seat: Seat, fresh: FreshPath): FreshPath {
  const { tree, ownLeafIndex: leafIndex, context } = seat.state;
  const { steps, derived } = fresh;
  const keyPairs = derived.keyPairs.map((pair, i) => (i === 0 ? pair : generateX25519()));
  const encryptionKeys = keyPairs.map(({ publicKey }) => publicKey);
  const path = computePathParents({ tree, steps, encryptionKeys });
  const own = leafAt(fresh.tree, leafIndex);
  assert.ok(own);
  const leaf = signLeafNode({
    leaf: { ...own, source: { kind: "commit", parentHash: path.leafParentHash } },
    place: { groupId: context.groupId, leafIndex },
    privateKey: seat.signatureKey.privateKey,
  });
  const derivedKeys = { ...derived, keyPairs };
  return { ...fresh, derived: derivedKeys, tree: placePath({ tree, leafIndex, leaf, path }) };
}
