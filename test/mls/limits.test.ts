import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { isWeftError } from "../../src/errors.ts";
import { readWhole } from "../../src/mls/codec/read.ts";
import { list, uint8, uint16 } from "../../src/mls/codec/write.ts";
import { decodeTree } from "../../src/mls/decodeTree.ts";
import { encodeTree } from "../../src/mls/encodeTree.ts";
import { MAX_MEMBERS } from "../../src/mls/limits.ts";
import { members } from "../../src/mls/members.ts";
import { stageCommit } from "../../src/mls/stageCommit.ts";
import { verifyCommit } from "../../src/mls/verifyCommit.ts";
import { readKeyPackage } from "../../src/mls/welcome/keyPackage.ts";
import { forgeCommit } from "./support/forgeCommit.ts";
import { makeMember } from "./support/makeMember.ts";
import { follow, found, joinWith, stage } from "./support/testGroup.ts";

const creator = found(makeMember("creator"));
const others = Array.from({ length: MAX_MEMBERS - 1 }, (_, i) => makeMember(`m${i}`));
const [joiner] = others;
const full = stage(creator, { adds: others });
const surplus = makeMember("surplus");

test("a group of 1,000 members works: the thousandth joins, rotates, and is followed", () => {
  assert.ok(joiner);
  const joined = joinWith(joiner, full);
  assert.equal(members(joined.state).length, MAX_MEMBERS);
  const rotation = stage(joined, {});
  const followed = follow({ ...creator, state: full.newState }, rotation.commit);
  assert.deepEqual(followed?.state.epochAuthenticator, rotation.newState.epochAuthenticator);
});

test("one member more is neither written, nor accepted, nor decoded", () => {
  const { signatureKey } = creator;
  const { keyPackage } = surplus;
  assert.throws(() => stageCommit({ state: full.newState, signatureKey, adds: [keyPackage] }), isWeftError);
  const add = concatBytes(uint8(1), uint16(1), keyPackage);
  const body = concatBytes(list([add]), uint8(0));
  const forged = forgeCommit({ seat: { ...creator, state: full.newState }, body });
  assert.deepEqual(verifyCommit({ state: full.newState, commit: forged.commit }), {
    kind: "refused",
    reason: "too-many-members",
  });
  const { leaf } = readWhole(keyPackage, readKeyPackage);
  const nodes = full.newState.tree.nodes.slice(0, 2 * MAX_MEMBERS - 1);
  const oneMore = { width: 1024, nodes: [...nodes, undefined, leaf], hashes: [] };
  assert.throws(
    () => decodeTree(encodeTree({ tree: oneMore })),
    (error) => isWeftError(error, "malformed"),
  );
});
