import { toHex } from "../crypto/toHex.ts";
import { readWhole } from "./codec/read.ts";
import type { EpochKeys } from "./groupState.ts";
import { readKeyPackage } from "./welcome/keyPackage.ts";

/**
 * Finds, among KeyPackages that are valid by themselves (`decodeKeyPackage`), those whose keys neither the epoch's tree
 * nor a KeyPackage before them has, and gives their indices: no key may appear twice in a tree. Throws `malformed`.
 */
export function distinctAdds(params: { state: EpochKeys; adds: readonly Uint8Array[] }): Set<number> {
  const { state, adds } = params;
  const nodes = state.tree.nodes.filter((node) => node !== undefined);
  const leaves = nodes.filter((node) => node.kind === "leaf");
  const known = new Set([
    ...nodes.map(({ encryptionKey }) => `encryption ${toHex(encryptionKey)}`),
    ...leaves.map(({ signatureKey }) => `signature ${toHex(signatureKey)}`),
  ]);
  const distinct = new Set<number>();
  for (const [i, bytes] of adds.entries()) {
    const { encryptionKey, signatureKey } = readWhole(bytes, readKeyPackage).leaf;
    const keys = [`encryption ${toHex(encryptionKey)}`, `signature ${toHex(signatureKey)}`];
    if (keys.some((key) => known.has(key))) continue;
    for (const key of keys) known.add(key);
    distinct.add(i);
  }
  return distinct;
}
