import { x25519PublicKey } from "#crypto";
import { applyCommit } from "../../../src/mls/applyCommit.ts";
import { advanceEpoch } from "../../../src/mls/epoch/advanceEpoch.ts";
import { encodeGroupContext } from "../../../src/mls/epoch/groupContext.ts";
import { NO_SECRET } from "../../../src/mls/epoch/keySchedule.ts";
import type { GroupState } from "../../../src/mls/groupState.ts";
import { decryptWithLabel } from "../../../src/mls/label/encryptWithLabel.ts";
import { derivePath } from "../../../src/mls/path/derivePath.ts";
import type { RatchetTree } from "../../../src/mls/tree/ratchetTree.ts";
import type { VerifiedCommit } from "../../../src/mls/verifyCommit.ts";

/** Private keys of leaves and nodes by public key (hex), whatever they were copied from. */
export type KeyPool = Map<string, Uint8Array>;

/**
 * All states that somebody can reach by a commit that it can read, from these states and private keys: it acts as if it
 * had not been removed, tries each private key on each sealed secret, guesses that there is no path secret at all, and
 * takes each commit secret as it would be from every step of the path. What it opens on the way goes into the pool.
 */
export function reachableStates(params: {
  states: readonly GroupState[];
  pool: KeyPool;
  verified: VerifiedCommit;
}): GroupState[] {
  const { states, pool, verified } = params;
  const { provisional, tree, message } = verified.step;
  for (const { privateKeys } of states) for (const key of privateKeys.values()) addKey(pool, key);
  const commitSecrets = [NO_SECRET, ...openWithAnyKey(pool, verified)];
  const privateKeys = keysFor(pool, tree);
  return states.flatMap((state) => {
    const ignoring = applyCommit({
      state: followable(state, verified),
      verified: { ...verified, removes: [] },
    });
    const { content, signature } = message;
    const guessed = commitSecrets.map(
      (commitSecret) =>
        advanceEpoch({ state, provisional, tree, content, signature, commitSecret, privateKeys }).state,
    );
    return [...(ignoring.kind === "adopted" ? [ignoring.newState] : []), ...guessed];
  });
}

export function addKey(pool: KeyPool, privateKey: Uint8Array): void {
  pool.set(nameOf(x25519PublicKey(privateKey)), privateKey);
}

function openWithAnyKey(pool: KeyPool, { step }: VerifiedCommit): Uint8Array[] {
  const { path, provisional } = step;
  if (!path) return [];
  const context = encodeGroupContext(provisional);
  const secrets: Uint8Array[] = [];
  for (const [i, node] of path.nodes.entries()) {
    for (const sealed of node.sealedSecrets) {
      for (const privateKey of [...pool.values()]) {
        const secret = decryptWithLabel({ privateKey, label: "UpdatePathNode", context, sealed });
        if (!secret) continue;
        const { keyPairs, commitSecret } = derivePath(secret, path.nodes.length - i);
        for (const pair of keyPairs) addKey(pool, pair.privateKey);
        secrets.push(commitSecret);
      }
    }
  }
  return secrets;
}

/** Whatever of the pool fits a node of this tree. */
function keysFor(pool: KeyPool, tree: RatchetTree): Map<number, Uint8Array> {
  const keys = new Map<number, Uint8Array>();
  for (const [position, node] of tree.nodes.entries()) {
    const key = node && pool.get(nameOf(node.encryptionKey));
    if (key) keys.set(position, key);
  }
  return keys;
}

/** An older state, dressed up so that `applyCommit` takes it for the parent. */
function followable(state: GroupState, { step }: VerifiedCommit): GroupState {
  const { epoch, confirmedTranscriptHash } = step.provisional;
  return { ...state, context: { ...state.context, epoch: epoch - 1, confirmedTranscriptHash } };
}

function nameOf(publicKey: Uint8Array): string {
  return Buffer.from(publicKey).toString("hex");
}
