import assert from "node:assert/strict";
import { test } from "node:test";
import { generateX25519 } from "#crypto";
import { type ErrorCode, isWeftError } from "../../src/errors.ts";
import { readWhole } from "../../src/mls/codec/read.ts";
import { uint8 } from "../../src/mls/codec/write.ts";
import { applyProposals } from "../../src/mls/commit/applyProposals.ts";
import { encodeTree } from "../../src/mls/encodeTree.ts";
import { encodeGroupContext, type GroupContext } from "../../src/mls/epoch/groupContext.ts";
import { confirmationTagOf, deriveEpochSecrets } from "../../src/mls/epoch/keySchedule.ts";
import { joinGroup } from "../../src/mls/joinGroup.ts";
import { members } from "../../src/mls/members.ts";
import { type LeafNode, signLeafNode } from "../../src/mls/tree/leafNode.ts";
import { editTree, leafAt, parentAt, type RatchetTree, setNode } from "../../src/mls/tree/ratchetTree.ts";
import { treeHash } from "../../src/mls/tree/treeHash.ts";
import { readKeyPackage } from "../../src/mls/welcome/keyPackage.ts";
import { sealWelcome } from "../../src/mls/welcome/sealWelcome.ts";
import { makeMember, type TestMember } from "./support/makeMember.ts";
import { commit, foundWith, groupId, joinWith, type Seat, seatNamed, stage } from "./support/testGroup.ts";

/** A group with filled parents and unmerged leaves, and an inviter in it. */
function host(): Seat {
  let seats = foundWith(["a", "b", "c", "mallory"]);
  for (const i of seats.keys()) seats = commit(seats, i, {});
  seats = commit(seats, 0, { adds: [makeMember("e"), makeMember("f")] });
  seats = commit(seats, 4, {});
  seats = commit(seats, 1, { adds: [makeMember("g")] });
  return seatNamed(seats, "mallory");
}

/** An invitation into any tree, signed, tagged and sealed as it should be by a hostile member. */
function invite(params: {
  inviter: Seat;
  joiner: TestMember;
  change?: (tree: RatchetTree) => RatchetTree;
  pathSecret?: Uint8Array;
  context?: Partial<GroupContext>;
  signer?: number;
  spoilTag?: boolean;
}) {
  const { inviter, joiner, pathSecret } = params;
  const keyPackage = readWhole(joiner.keyPackage, readKeyPackage);
  const added = applyProposals({ tree: inviter.state.tree, proposals: [{ kind: "add", keyPackage }] }).tree;
  const tree = params.change?.(added) ?? added;
  const context = {
    ...inviter.state.context,
    epoch: inviter.state.context.epoch + 1,
    treeHash: treeHash({ ...tree, hashes: [] }),
    ...params.context,
  };
  const joinerSecret = new Uint8Array(32).fill(3);
  const { confirmationKey } = deriveEpochSecrets({
    joinerSecret,
    encodedContext: encodeGroupContext(context),
  });
  const { confirmedTranscriptHash } = context;
  const confirmationTag = confirmationTagOf({ confirmationKey, confirmedTranscriptHash });
  if (params.spoilTag) confirmationTag[0] = (confirmationTag[0] ?? 0) ^ 1;
  const welcome = sealWelcome({
    ...{ context, confirmationTag, joinerSecret },
    signer: params.signer ?? inviter.state.ownLeafIndex,
    privateKey: inviter.signatureKey.privateKey,
    joiners: [{ keyPackage, pathSecret }],
  });
  const [part] = welcome.groupSecrets;
  assert.ok(part);
  return () =>
    joinGroup({
      keyPackage: joiner.keyPackage,
      keyPackageSecrets: joiner.secrets,
      encryptedGroupSecrets: part.encryptedGroupSecrets,
      encryptedGroupInfo: welcome.encryptedGroupInfo,
      ratchetTree: encodeTree({ tree }),
    });
}

function refused(invitation: () => unknown, message: RegExp, code: ErrorCode = "malformed"): void {
  assert.throws(invitation, (error) => {
    assert.ok(isWeftError(error, code), String(error));
    assert.match(error.message, message);
    return true;
  });
}

const inviter = host();
const joiner = makeMember("joiner");

/** The first filled parent that has an unmerged leaf, and one that has none. */
function parentsOf(tree: RatchetTree) {
  const filled = [...tree.nodes.keys()].filter((position) => parentAt(tree, position));
  const withUnmerged = filled.find((position) => parentAt(tree, position)?.unmergedLeaves.length);
  const without = filled.find((position) => parentAt(tree, position)?.unmergedLeaves.length === 0);
  assert.ok(withUnmerged !== undefined && without !== undefined);
  return { withUnmerged, without };
}

test("an honest invitation is accepted, whatever unmerged leaves there are", () => {
  const { state, signer } = invite({ inviter, joiner })();
  assert.equal(signer, inviter.state.ownLeafIndex);
  assert.equal(members(state).length, 8);
});

test("a joiner refuses a tree that is not the one of the GroupInfo", () => {
  const context = { treeHash: new Uint8Array(32) };
  refused(invite({ inviter, joiner, context }), /not the one of this epoch/);
});

test("a joiner refuses a parent whose key was put there by nobody's path", () => {
  const change = (tree: RatchetTree) =>
    editTree(tree, (draft) => {
      const { without } = parentsOf(tree);
      const parent = parentAt(tree, without);
      assert.ok(parent);
      setNode(draft, without, { ...parent, encryptionKey: generateX25519().publicKey });
    });
  refused(invite({ inviter, joiner, change }), /parent hash/);
});

test("a joiner refuses a parent that was filled where there was none", () => {
  const change = (tree: RatchetTree) =>
    editTree(tree, (draft) => {
      const blank = [...tree.nodes.keys()].find((position) => position % 2 === 1 && !tree.nodes[position]);
      assert.ok(blank !== undefined);
      const { publicKey: encryptionKey } = generateX25519();
      setNode(draft, blank, {
        kind: "parent",
        encryptionKey,
        parentHash: new Uint8Array(0),
        unmergedLeaves: [],
      });
    });
  refused(invite({ inviter, joiner, change }), /parent hash|unmerged/);
});

test("a joiner refuses unmerged leaves that are dropped, blank, elsewhere, or missing between", () => {
  const withUnmerged = (leaves: (old: readonly number[]) => number[]) => (tree: RatchetTree) =>
    editTree(tree, (draft) => {
      const position = parentsOf(tree).withUnmerged;
      const parent = parentAt(tree, position);
      assert.ok(parent);
      setNode(draft, position, { ...parent, unmergedLeaves: leaves(parent.unmergedLeaves) });
    });
  refused(invite({ inviter, joiner, change: withUnmerged(() => []) }), /parent hash|unmerged/);
  const far = withUnmerged((old) => [...old, 900]);
  refused(invite({ inviter, joiner, change: far }), /unmerged/);
  const blank = (tree: RatchetTree) =>
    editTree(tree, (draft) => {
      const root = tree.width - 1;
      const parent = parentAt(tree, root);
      assert.ok(parent);
      setNode(draft, root, { ...parent, unmergedLeaves: [...parent.unmergedLeaves, tree.width + 3] });
    });
  refused(invite({ inviter, joiner, change: blank }), /unmerged/);
});

test("a joiner refuses leaves with a wrong signature, lacking capabilities, or of another source", () => {
  const withLeaf = (change: (leaf: LeafNode) => LeafNode) => (tree: RatchetTree) =>
    editTree(tree, (draft) => {
      const leaf = leafAt(tree, 0);
      assert.ok(leaf);
      setNode(draft, 0, change(leaf));
    });
  const own = inviter.state.ownLeafIndex;
  const ownLeaf = leafAt(inviter.state.tree, own);
  assert.ok(ownLeaf);
  const { privateKey } = inviter.signatureKey;
  const place = { groupId, leafIndex: own };
  const spoiled = withLeaf((leaf) => ({ ...leaf, encoded: withLastByteFlipped(leaf.encoded) }));
  refused(invite({ inviter, joiner, change: spoiled }), /signature of leaf 0/, "bad-signature");
  const withOwn = (leaf: LeafNode) => (tree: RatchetTree) =>
    editTree(tree, (draft) => setNode(draft, own * 2, leaf));
  const incapable = signLeafNode({
    leaf: { ...ownLeaf, capabilities: { ...ownLeaf.capabilities, extensions: [] } },
    ...{ place, privateKey },
  });
  refused(invite({ inviter, joiner, change: withOwn(incapable) }), /capability/, "outside-profile");
  const updated = signLeafNode({ leaf: { ...ownLeaf, source: { kind: "update" } }, place, privateKey });
  refused(invite({ inviter, joiner, change: withOwn(updated) }), /Update/, "outside-profile");
  const moved = signLeafNode({ leaf: ownLeaf, place: { groupId, leafIndex: 99 }, privateKey });
  refused(invite({ inviter, joiner, change: withOwn(moved) }), /signature of leaf 3/, "bad-signature");
});

test("a joiner refuses a key that stands twice in the tree", () => {
  const twin = makeMember("twin", inviter.signatureKey);
  const { leaf } = readWhole(twin.keyPackage, readKeyPackage);
  const change = (tree: RatchetTree) => editTree(tree, (draft) => setNode(draft, 0, leaf));
  refused(invite({ inviter, joiner, change }), /twice/);
});

test("a joiner refuses a path secret that does not fit the published keys", () => {
  const pathSecret = new Uint8Array(32).fill(1);
  refused(invite({ inviter, joiner, pathSecret }), /own keys do not fit/);
});

test("a joiner whom a path leaves merged without giving it the secret refuses", () => {
  const staged = stage(inviter, { adds: [joiner], forcePath: true });
  assert.ok(staged.welcome);
  const [part] = staged.welcome.groupSecrets;
  assert.ok(part);
  assert.ok(joinWith(joiner, staged), "with the secret it joins");
  const context = staged.newState.context;
  const change = () => staged.newState.tree;
  refused(invite({ inviter, joiner, change, context }), /own keys do not fit/);
});

test("a joiner refuses another signer, a wrong confirmation tag, and a tree without its own leaf", () => {
  refused(invite({ inviter, joiner, signer: 0 }), /GroupInfo/, "bad-signature");
  refused(invite({ inviter, joiner, signer: 500 }), /GroupInfo/, "bad-signature");
  refused(invite({ inviter, joiner, spoilTag: true }), /confirmation tag/);
  const change = () => inviter.state.tree;
  refused(invite({ inviter, joiner, change }), /lacks the leaf/);
});

test("a joiner refuses a group context with other extensions than Weft's", () => {
  refused(invite({ inviter, joiner, context: { extensions: [] } }), /exactly one/, "outside-profile");
  const foreign = { extensions: [{ type: 3, content: uint8(0) }] };
  refused(invite({ inviter, joiner, context: foreign }), /exactly one/, "outside-profile");
});

test("a Welcome opens for its joiner only", () => {
  const staged = stage(inviter, { adds: [joiner] });
  const stranger = makeMember("stranger");
  const [part] = staged.welcome?.groupSecrets ?? [];
  assert.ok(part && staged.welcome);
  const { encryptedGroupInfo } = staged.welcome;
  const { encryptedGroupSecrets } = part;
  const ratchetTree = encodeTree(staged.newState);
  const join = (who: TestMember, info = encryptedGroupInfo) =>
    joinGroup({
      keyPackage: who.keyPackage,
      keyPackageSecrets: who.secrets,
      encryptedGroupInfo: info,
      ...{ encryptedGroupSecrets, ratchetTree },
    });
  refused(() => join(stranger), /do not open/);
  refused(() => join(joiner, withLastByteFlipped(encryptedGroupInfo)), /do not open/);
  assert.equal(members(join(joiner).state).length, 8);
});

function withLastByteFlipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 1;
  return copy;
}
