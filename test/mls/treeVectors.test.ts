import assert from "node:assert/strict";
import { x25519PublicKey } from "#crypto";
import { deriveX25519KeyPair } from "../../src/crypto/hpke.ts";
import { derivePublished } from "../../src/mls/applyCommit.ts";
import { readWhole } from "../../src/mls/codec/read.ts";
import { applyProposals } from "../../src/mls/commit/applyProposals.ts";
import { readProposal } from "../../src/mls/commit/proposal.ts";
import { decodeTree } from "../../src/mls/decodeTree.ts";
import { encodeTree } from "../../src/mls/encodeTree.ts";
import { provisionalContext } from "../../src/mls/epoch/advanceEpoch.ts";
import { encodeGroupContext, type GroupContext } from "../../src/mls/epoch/groupContext.ts";
import { deriveSecret } from "../../src/mls/label/expandWithLabel.ts";
import { createPath, sealPath } from "../../src/mls/path/createPath.ts";
import { judgePath } from "../../src/mls/path/judgePath.ts";
import { openPath } from "../../src/mls/path/openPath.ts";
import { fitsTree } from "../../src/mls/path/privateKeys.ts";
import { readUpdatePath, type UpdatePath } from "../../src/mls/path/updatePath.ts";
import { checkTree } from "../../src/mls/tree/checkTree.ts";
import { type RatchetTree, resolution } from "../../src/mls/tree/ratchetTree.ts";
import { subtreeHash, treeHash } from "../../src/mls/tree/treeHash.ts";
import { commonAncestor, leafNodeIndex } from "../../src/mls/tree/treeMath.ts";
import { hex, testVectors } from "./support/readVectors.ts";

const UPDATE = "0002";

testVectors<
  {
    proposal: string;
    tree_before: string;
    tree_after: string;
    tree_hash_before: string;
    tree_hash_after: string;
  }[]
>(
  "tree-operations.json",
  "trees after Adds and Removes (the Update case is outside the profile)",
  (cases) => {
    let checked = 0;
    for (const one of cases) {
      if (one.proposal.startsWith(UPDATE)) continue;
      const before = decodeTree(hex(one.tree_before));
      assert.deepEqual(treeHash(before), hex(one.tree_hash_before));
      const proposals = [readWhole(rewriteSuite(hex(one.proposal)), readProposal)];
      const { tree } = applyProposals({ tree: before, proposals });
      assert.deepEqual(encodeTree({ tree }), hex(one.tree_after));
      assert.deepEqual(treeHash(tree), hex(one.tree_hash_after));
      assert.deepEqual(treeHash({ ...tree, hashes: [] }), hex(one.tree_hash_after), "kept hashes are right");
      checked++;
    }
    assert.equal(checked, 4);
  },
);

/** The file is of suite 1, whose hash is the same; only the key package of an Add names the suite. */
function rewriteSuite(proposal: Uint8Array): Uint8Array {
  if (proposal[1] !== 1) return proposal;
  const rewritten = proposal.slice();
  rewritten[5] = 3;
  return rewritten;
}

testVectors<{ tree: string; group_id: string; tree_hashes: string[]; resolutions: number[][] }[]>(
  "tree-validation.json",
  "tree hashes, resolutions, parent hashes, signatures",
  (cases) => {
    for (const one of cases) {
      const tree = decodeTree(hex(one.tree));
      for (const [position, hash] of one.tree_hashes.entries()) {
        assert.deepEqual(subtreeHash(tree, position), hex(hash));
        assert.deepEqual(resolution(tree, position), one.resolutions[position]);
      }
      checkTree({ tree, groupId: hex(one.group_id) });
      assert.deepEqual(encodeTree({ tree }), hex(one.tree));
    }
  },
);

type TreeKemVector = {
  group_id: string;
  epoch: number;
  confirmed_transcript_hash: string;
  ratchet_tree: string;
  leaves_private: {
    index: number;
    encryption_priv: string;
    signature_priv: string;
    path_secrets: { node: number; path_secret: string }[];
  }[];
  update_paths: {
    sender: number;
    update_path: string;
    path_secrets: (string | null)[];
    commit_secret: string;
    tree_hash_after: string;
  }[];
};

testVectors<TreeKemVector[]>(
  "treekem.json",
  "update paths of every sender, opened by every member",
  (cases) => {
    for (const one of cases) {
      const tree = decodeTree(hex(one.ratchet_tree));
      const context: GroupContext = {
        groupId: hex(one.group_id),
        epoch: one.epoch - 1,
        treeHash: treeHash(tree),
        confirmedTranscriptHash: hex(one.confirmed_transcript_hash),
        extensions: [],
      };
      const members = new Map(
        one.leaves_private.map((leaf) => [leaf.index, { ...leaf, privateKeys: privateKeysOf(leaf) }]),
      );
      for (const [index, { privateKeys }] of members) {
        assert.ok(fitsTree({ tree, ownLeafIndex: index, privateKeys }));
      }
      for (const expected of one.update_paths) {
        const path = readWhole(hex(expected.update_path), readUpdatePath);
        const judged = checkPath({ tree, context, committer: expected.sender, path, members, expected });
        assert.deepEqual(treeHash(judged), hex(expected.tree_hash_after));
        const own = members.get(expected.sender);
        assert.ok(own);
        const fresh = createPath({
          tree,
          groupId: context.groupId,
          leafIndex: expected.sender,
          signaturePrivateKey: hex(own.signature_priv),
        });
        const provisional = provisionalContext({ context, tree: fresh.tree, extensions: [] });
        const ours = sealPath({
          fresh,
          treeBeforePath: tree,
          addedLeaves: [],
          leafIndex: expected.sender,
          encodedContext: encodeGroupContext(provisional),
        });
        checkPath({ tree, context, committer: expected.sender, path: ours, members });
      }
    }
  },
);

/** Judges a path and opens it with the keys of every other member. */
function checkPath(params: {
  tree: RatchetTree;
  context: GroupContext;
  committer: number;
  path: UpdatePath;
  members: ReadonlyMap<number, { privateKeys: ReadonlyMap<number, Uint8Array> }>;
  expected?: { path_secrets: (string | null)[]; commit_secret: string };
}): RatchetTree {
  const { tree, context, committer, path, members, expected } = params;
  const judged = judgePath({ tree, groupId: context.groupId, committer, addedLeaves: [], path });
  assert.ok(judged.kind === "valid");
  const provisional = provisionalContext({ context, tree: judged.tree, extensions: [] });
  const step = {
    addedLeaves: [],
    treeBeforePath: tree,
    tree: judged.tree,
    provisional,
    path: { ...path, steps: judged.steps },
  };
  const commitSecrets = new Set<string>();
  for (const [index, { privateKeys }] of members) {
    if (index === committer) continue;
    const opened = openPath({ state: { privateKeys, ownLeafIndex: index }, step });
    assert.ok(opened);
    const adopted = derivePublished({ step, ...opened });
    assert.equal(adopted.fitting, adopted.steps, "derived keys are the published ones");
    commitSecrets.add(Buffer.from(adopted.commitSecret).toString("hex"));
    assert.equal(judged.steps[opened.stepIndex]?.position, commonAncestor(index, committer));
    if (!expected) continue;
    assert.deepEqual(opened.pathSecret, hex(expected.path_secrets[index] ?? ""));
    assert.deepEqual(adopted.commitSecret, hex(expected.commit_secret));
  }
  assert.equal(commitSecrets.size, 1);
  return judged.tree;
}

function privateKeysOf(leaf: TreeKemVector["leaves_private"][number]): Map<number, Uint8Array> {
  const keys = new Map([[leafNodeIndex(leaf.index), hex(leaf.encryption_priv)]]);
  for (const { node, path_secret } of leaf.path_secrets) {
    const pair = deriveX25519KeyPair(deriveSecret(hex(path_secret), "node"));
    assert.deepEqual(x25519PublicKey(pair.privateKey), pair.publicKey);
    keys.set(node, pair.privateKey);
  }
  return keys;
}
