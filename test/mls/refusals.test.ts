import assert from "node:assert/strict";
import { test } from "node:test";
import { generateEd25519, generateX25519 } from "#crypto";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { isWeftError } from "../../src/errors.ts";
import { applyCommit } from "../../src/mls/applyCommit.ts";
import { readWhole } from "../../src/mls/codec/read.ts";
import { list, opaque, uint8, uint16, uint32 } from "../../src/mls/codec/write.ts";
import type { Proposal } from "../../src/mls/commit/proposal.ts";
import { createKeyPackage } from "../../src/mls/createKeyPackage.ts";
import { decodeKeyPackage } from "../../src/mls/decodeKeyPackage.ts";
import { WEFT_GROUP_CONTEXT } from "../../src/mls/limits.ts";
import { encodeUpdatePath, type UpdatePath } from "../../src/mls/path/updatePath.ts";
import { stageCommit } from "../../src/mls/stageCommit.ts";
import { type LeafNode, signLeafNode } from "../../src/mls/tree/leafNode.ts";
import { leafAt } from "../../src/mls/tree/ratchetTree.ts";
import { type CommitRefusal, verifyCommit } from "../../src/mls/verifyCommit.ts";
import { readKeyPackage, signKeyPackage } from "../../src/mls/welcome/keyPackage.ts";
import { forgeCommit } from "./support/forgeCommit.ts";
import { makeMember, type TestMember } from "./support/makeMember.ts";
import { commit, foundWith, positionOf, type Seat, seatNamed } from "./support/testGroup.ts";

const NO_PATH = uint8(0);

function group(): { hostile: Seat; honest: Seat } {
  const seats = foundWith(["alice", "bob", "carol", "mallory"]);
  const rotated = commit(seats, positionOf(seats, "bob"), {});
  return { hostile: seatNamed(rotated, "mallory"), honest: seatNamed(rotated, "alice") };
}

function refuses(reason: CommitRefusal, forged: { commit: Uint8Array }, honest: Seat): void {
  assert.deepEqual(verifyCommit({ state: honest.state, commit: forged.commit }), { kind: "refused", reason });
}

const add = (member: Pick<TestMember, "keyPackage">): Proposal => ({
  kind: "add",
  keyPackage: readWhole(member.keyPackage, readKeyPackage),
});
const remove = (leafIndex: number): Proposal => ({ kind: "remove", leafIndex });
const rename = (...types: number[]): Proposal => ({
  kind: "group-context-extensions",
  extensions: types.map((type) => ({ type, content: Uint8Array.of(1) })),
});

test("what the forger of these tests writes honestly is accepted", () => {
  const { hostile, honest } = group();
  for (const proposals of [[], [remove(1)], [rename(WEFT_GROUP_CONTEXT)], [add(makeMember("dora"))]]) {
    const { commit: bytes } = forgeCommit({ seat: hostile, proposals, withPath: true });
    const verdict = verifyCommit({ state: honest.state, commit: bytes });
    assert.ok(verdict.kind === "verified");
    assert.equal(applyCommit({ state: honest.state, verified: verdict.verified }).kind, "adopted");
  }
});

for (const [what, proposals] of [
  ["a Remove", [remove(1)]],
  ["several Removes", [remove(1), remove(2)]],
  ["a new group context", [rename(WEFT_GROUP_CONTEXT)]],
  ["an Add with a new group context", [add(makeMember("dora")), rename(WEFT_GROUP_CONTEXT)]],
  ["no proposal", []],
] as const) {
  test(`a commit of ${what} without a path is refused`, () => {
    const { hostile, honest } = group();
    refuses("path-missing", forgeCommit({ seat: hostile, proposals }), honest);
  });
}

test("Adds together with Removes are refused", () => {
  const { hostile, honest } = group();
  const proposals = [remove(1), add(makeMember("dora"))];
  refuses("outside-profile", forgeCommit({ seat: hostile, proposals, withPath: true }), honest);
});

test("foreign, missing and repeated group context extensions are refused", () => {
  const { hostile, honest } = group();
  for (const proposals of [
    [rename(3)],
    [rename()],
    [rename(WEFT_GROUP_CONTEXT, 3)],
    [rename(WEFT_GROUP_CONTEXT), rename(WEFT_GROUP_CONTEXT)],
  ]) {
    refuses("outside-profile", forgeCommit({ seat: hostile, proposals, withPath: true }), honest);
  }
});

test("Update, pre-shared key, ReInit and external proposals and references are refused", () => {
  const { hostile, honest } = group();
  const byValue = uint8(1);
  const bodies = [2, 4, 5, 6, 8, 0x0a0a].map((type) =>
    concatBytes(list([concatBytes(byValue, uint16(type), new Uint8Array(40))]), NO_PATH),
  );
  const reference = concatBytes(list([concatBytes(uint8(2), opaque(new Uint8Array(32)))]), NO_PATH);
  for (const body of [...bodies, reference]) {
    refuses("outside-profile", forgeCommit({ seat: hostile, body }), honest);
  }
});

test("senders that are not members, and other messages than commits, are refused", () => {
  const { hostile, honest } = group();
  const { commit: bytes } = forgeCommit({ seat: hostile, withPath: true });
  const senderAt = 4 + 33 + 8;
  for (const sender of [2, 3, 4]) {
    const other = bytes.slice();
    other[senderAt] = sender;
    refuses("outside-profile", { commit: other }, honest);
  }
  const proposal = bytes.slice();
  proposal[senderAt + 6] = 2;
  refuses("outside-profile", { commit: proposal }, honest);
  const privateMessage = bytes.slice();
  privateMessage[3] = 2;
  refuses("outside-profile", { commit: privateMessage }, honest);
});

test("wrong group, epoch, sender, signature and tags are refused, each by its name", () => {
  const { hostile, honest } = group();
  const common = { seat: hostile, withPath: true };
  refuses("wrong-group", forgeCommit({ ...common, groupId: new Uint8Array(32) }), honest);
  refuses("wrong-epoch", forgeCommit({ ...common, epoch: hostile.state.context.epoch - 1 }), honest);
  refuses("not-a-member", forgeCommit({ ...common, leafIndex: 77 }), honest);
  refuses("bad-signature", forgeCommit({ ...common, leafIndex: 1 }), honest);
  refuses("bad-signature", forgeCommit({ ...common, spoil: "signature" }), honest);
  refuses("bad-membership-tag", forgeCommit({ ...common, spoil: "membership-tag" }), honest);
  refuses("outside-profile", forgeCommit({ ...common, authenticatedData: uint8(1) }), honest);
});

test("a wrong confirmation tag is refused by all if there is no path, and cuts off who opens the path", () => {
  const { hostile, honest } = group();
  const spoil = "confirmation-tag";
  const proposals = [add(makeMember("dora"))];
  refuses("bad-confirmation-tag", forgeCommit({ seat: hostile, proposals, spoil }), honest);
  const { commit: bytes } = forgeCommit({ seat: hostile, withPath: true, spoil });
  const verdict = verifyCommit({ state: honest.state, commit: bytes });
  assert.ok(verdict.kind === "verified");
  const applied = applyCommit({ state: honest.state, verified: verdict.verified });
  assert.ok(applied.kind === "cut-off");
  assert.equal(applied.reason, "bad-confirmation-tag");
});

test("removing oneself, nobody, or somebody twice is refused", () => {
  const { hostile, honest } = group();
  const path = forgedPath(hostile);
  const body = (...leaves: number[]) =>
    concatBytes(list(leaves.map((leaf) => concatBytes(uint8(1), uint16(3), uint32(leaf)))), uint8(1), path);
  const own = hostile.state.ownLeafIndex;
  refuses("removes-itself", forgeCommit({ seat: hostile, body: body(own) }), honest);
  refuses("removes-itself", forgeCommit({ seat: hostile, body: body(1, own) }), honest);
  refuses("unknown-leaf", forgeCommit({ seat: hostile, body: body(9) }), honest);
  refuses("unknown-leaf", forgeCommit({ seat: hostile, body: body(0xffffffff) }), honest);
  refuses("unknown-leaf", forgeCommit({ seat: hostile, body: body(1, 1) }), honest);
});

test("key packages that do not check out are refused", () => {
  const { hostile, honest } = group();
  const dora = makeMember("dora");
  const genuine = readWhole(dora.keyPackage, readKeyPackage);
  const spoiled = dora.keyPackage.slice();
  spoiled[spoiled.length - 3] = (spoiled[spoiled.length - 3] ?? 0) ^ 1;
  const incapable = createKeyPackage({
    identity: uint8(1),
    signatureKey: generateEd25519(),
    capabilitiesExtensions: [],
    lifetime: { notBefore: 0, notAfter: 1 },
  });
  const sameKeys = signKeyPackage({
    initKey: genuine.leaf.encryptionKey,
    leaf: genuine.leaf,
    privateKey: dora.signatureKey.privateKey,
  });
  const lowOrder = signKeyPackage({
    initKey: new Uint8Array(32),
    leaf: genuine.leaf,
    privateKey: dora.signatureKey.privateKey,
  });
  const wrongLeaf = resignedKeyPackage(dora, (leaf) => ({ ...leaf, encryptionKey: new Uint8Array(32) }));
  const extended = resignedKeyPackage(dora, (leaf) => ({
    ...leaf,
    extensions: [{ type: 0xf123, content: uint8(0) }],
  }));
  const packages = [spoiled, incapable.keyPackage, sameKeys.encoded, lowOrder.encoded, wrongLeaf, extended];
  for (const keyPackage of packages) {
    assert.throws(() => decodeKeyPackage(keyPackage), isWeftError);
    refuses("bad-key-package", forgeCommit({ seat: hostile, proposals: [add({ keyPackage })] }), honest);
  }
});

test("a key that is in the group already, or twice in a commit, is refused", () => {
  const { hostile, honest } = group();
  const again = makeMember("alice again", honest.signatureKey);
  refuses("duplicate-key", forgeCommit({ seat: hostile, proposals: [add(again)] }), honest);
  const dora = makeMember("dora");
  refuses("duplicate-key", forgeCommit({ seat: hostile, proposals: [add(dora), add(dora)] }), honest);
  const sameSignatureKey = makeMember("dora 2", dora.signatureKey);
  const both = [add(dora), add(sameSignatureKey)];
  refuses("duplicate-key", forgeCommit({ seat: hostile, proposals: both }), honest);
});

test("a path whose leaf changes identity, signature key, capabilities or extensions is refused", () => {
  const { hostile, honest } = group();
  const other = generateEd25519();
  const changes: ((leaf: LeafNode) => LeafNode)[] = [
    (leaf) => ({ ...leaf, identity: uint8(1) }),
    (leaf) => ({ ...leaf, signatureKey: other.publicKey }),
    (leaf) => ({ ...leaf, capabilities: { ...leaf.capabilities, extensions: [] } }),
    (leaf) => ({ ...leaf, extensions: [{ type: WEFT_GROUP_CONTEXT, content: uint8(0) }] }),
  ];
  for (const change of changes) {
    const changePath = (path: UpdatePath) => ({ ...path, leaf: resigned(hostile, change(path.leaf)) });
    refuses("outside-profile", forgeCommit({ seat: hostile, withPath: true, changePath }), honest);
  }
});

test("a malformed path is refused: leaf, parent hash, counts, unusable or repeated keys", () => {
  const { hostile, honest } = group();
  const forge = (changePath: (path: UpdatePath) => UpdatePath) =>
    forgeCommit({ seat: hostile, withPath: true, changePath });
  const withLeaf = (change: (leaf: LeafNode) => LeafNode) => (path: UpdatePath) => ({
    ...path,
    leaf: resigned(hostile, change(path.leaf)),
  });
  const zeros = new Uint8Array(32);
  refuses(
    "bad-parent-hash",
    forge(withLeaf((leaf) => ({ ...leaf, source: { kind: "commit", parentHash: zeros } }))),
    honest,
  );
  const asUpdate = withLeaf((leaf) => ({ ...leaf, source: { kind: "update" } }));
  refuses("outside-profile", forge(asUpdate), honest);
  const old = leafAt(hostile.state.tree, hostile.state.ownLeafIndex);
  assert.ok(old);
  refuses(
    "bad-path",
    forge((path) => ({ ...path, leaf: old })),
    honest,
  );
  refuses(
    "duplicate-key",
    forge(withLeaf((leaf) => ({ ...leaf, encryptionKey: old.encryptionKey }))),
    honest,
  );
  refuses(
    "bad-signature",
    forge((path) => ({ ...path, leaf: resigned(hostile, path.leaf, 2) })),
    honest,
  );
  refuses(
    "bad-path",
    forge((path) => ({ ...path, nodes: path.nodes.slice(1) })),
    honest,
  );
  refuses(
    "bad-path",
    forge((path) => ({ ...path, nodes: path.nodes.map((node) => ({ ...node, sealedSecrets: [] })) })),
    honest,
  );
  refuses(
    "bad-path",
    forge((path) => ({ ...path, nodes: path.nodes.map((node) => ({ ...node, encryptionKey: zeros })) })),
    honest,
  );
  const used = leafAt(honest.state.tree, 0);
  assert.ok(used);
  refuses(
    "duplicate-key",
    forge((path) => ({
      ...path,
      nodes: path.nodes.map((node) => ({ ...node, encryptionKey: used.encryptionKey })),
    })),
    honest,
  );
  const unusable = { encapsulation: zeros, ciphertext: new Uint8Array(48) };
  refuses(
    "bad-path",
    forge((path) => ({
      ...path,
      nodes: path.nodes.map((node) => ({ ...node, sealedSecrets: node.sealedSecrets.map(() => unusable) })),
    })),
    honest,
  );
});

test("a path of fresh keys that nobody derived from its secrets cuts off, with the keys as published", () => {
  const { hostile, honest } = group();
  const forged = forgeCommit({
    seat: hostile,
    withPath: true,
    changeFresh: (fresh) => ({
      ...fresh,
      derived: { ...fresh.derived, pathSecrets: fresh.derived.pathSecrets.map(() => new Uint8Array(32)) },
    }),
  });
  const verdict = verifyCommit({ state: honest.state, commit: forged.commit });
  assert.ok(verdict.kind === "verified");
  assert.deepEqual(applyCommit({ state: honest.state, verified: verdict.verified }), {
    kind: "cut-off",
    reason: "path-keys-differ",
  });
});

test("a path secret that does not open cuts off", () => {
  const { hostile, honest } = group();
  const changePath = (path: UpdatePath) => ({
    ...path,
    nodes: path.nodes.map((node) => ({
      ...node,
      sealedSecrets: node.sealedSecrets.map(() => ({
        encapsulation: generateX25519().publicKey,
        ciphertext: new Uint8Array(48),
      })),
    })),
  });
  const forged = forgeCommit({ seat: hostile, withPath: true, changePath });
  const verdict = verifyCommit({ state: honest.state, commit: forged.commit });
  assert.ok(verdict.kind === "verified");
  assert.deepEqual(applyCommit({ state: honest.state, verified: verdict.verified }), {
    kind: "cut-off",
    reason: "path-does-not-open",
  });
});

test("stageCommit throws a coded error for what others would refuse", () => {
  const { honest } = group();
  const { state, signatureKey } = honest;
  const dora = makeMember("dora");
  const own = state.ownLeafIndex;
  for (const change of [
    { adds: [dora.keyPackage], removes: [1] },
    { adds: [dora.keyPackage, dora.keyPackage] },
    { removes: [own] },
    { removes: [99] },
    { removes: [1, 1] },
    { adds: [new Uint8Array(9)] },
    { groupContextExtension: new Uint8Array(70_000) },
  ]) {
    assert.throws(() => stageCommit({ state, signatureKey, ...change }), isWeftError);
  }
});

/** An encoded UpdatePath of a rotation. */
function forgedPath(seat: Seat): Uint8Array {
  let encoded = new Uint8Array(0);
  forgeCommit({
    seat,
    withPath: true,
    changePath: (path) => {
      encoded = new Uint8Array(encodeUpdatePath(path));
      return path;
    },
  });
  return encoded;
}

function resigned(seat: Seat, leaf: LeafNode, leafIndex = seat.state.ownLeafIndex): LeafNode {
  const place = { groupId: seat.state.context.groupId, leafIndex };
  return signLeafNode({ leaf, place, privateKey: seat.signatureKey.privateKey });
}

function resignedKeyPackage(member: TestMember, change: (leaf: LeafNode) => LeafNode): Uint8Array {
  const { initKey, leaf } = readWhole(member.keyPackage, readKeyPackage);
  const { privateKey } = member.signatureKey;
  return signKeyPackage({ initKey, leaf: signLeafNode({ leaf: change(leaf), privateKey }), privateKey })
    .encoded;
}
