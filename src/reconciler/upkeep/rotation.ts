import { labeledHash } from "../../wire/bytes.ts";
import { fromHex, type InstallationKey } from "../../wire/ids.ts";
import type { BranchStep } from "../branch/branch.ts";
import type { HeadId } from "../records/records.ts";

/** How long a client leaves its keys in a group as they are; milliseconds. */
export type Rotation = {
  /** The key with which it joined is renewed within this time. */
  readonly afterJoiningMs: number;
  /** The time between two rotations, on average. */
  readonly periodMs: number;
};

const HOUR_MS = 3600 * 1000;
export const defaultRotation: Rotation = { afterJoiningMs: HOUR_MS, periodMs: 7 * 24 * HOUR_MS };

/** The date of a client's own key in a group: its last commit with a path, or the entry by which it came in. */
export type KeyDate = {
  readonly entry: HeadId;
  /** Milliseconds since 1970, by the chain. */
  readonly atMs: number;
  readonly isRotated: boolean;
};

/**
 * Tells since when this client has had its key in a group; every commit but Adds renews the committer's key.
 * `undefined`: nothing is on chain yet. Pure.
 */
export function keyDateOf(params: {
  steps: readonly BranchStep[];
  self: InstallationKey;
}): KeyDate | undefined {
  const { steps, self } = params;
  const rotated = steps.findLast(({ entry }) => {
    const verdict = entry?.verdict;
    return verdict?.kind === "adopted" && verdict.writer.installation === self && verdict.adds.length === 0;
  });
  const since = rotated ?? steps.find(({ entry }) => entry !== undefined);
  if (!since?.entry) return undefined;
  return { entry: since.head, atMs: since.entry.block.time * 1000, isRotated: rotated !== undefined };
}

/**
 * Tells when the key is to be renewed, milliseconds since 1970 by the chain: the first time within the time for that
 * after joining, later after half a period to one and a half periods. Entry and installation decide the exact time. So
 * a restart does not change it, and members who joined by one entry spread evenly. Pure.
 */
export function rotationDueMs(params: { rotation: Rotation; since: KeyDate; self: InstallationKey }): number {
  const { rotation, since, self } = params;
  const part = jitterOf({ entry: since.entry, self });
  const waitMs = since.isRotated ? rotation.periodMs * (0.5 + part) : rotation.afterJoiningMs * part;
  return since.atMs + waitMs;
}

/** Computes a share from 0 to under 1: the first 32 bits of SHA-256("weft.rotation.v1" ‖ entry ‖ installation). */
export function jitterOf(params: { entry: HeadId; self: InstallationKey }): number {
  const { entry, self } = params;
  const hash = labeledHash({ label: "weft.rotation.v1", fields: [fromHex(entry), fromHex(self)] });
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0) / 2 ** 32;
}
