import type { ChainBlock } from "../../wire/words.ts";
import { apiOf, noteFailure } from "../links/nodeLinks.ts";
import type { Hearing } from "./hearing.ts";
import type { Witness } from "./witness.ts";

/** A serving node that is so many blocks behind what a witness has is left for another. */
export const MAX_BLOCKS_BEHIND = 20;
/** How long it may be so: blocks of test chains come faster than nodes are polled. */
const MAX_BEHIND_MS = 5_000;

/**
 * Leaves a serving node that stays far behind its witness, by its own word as well: a client that is slow itself has
 * only old words of it. Another node serves then, and what that one says needs a witness again. Never throws.
 */
export function leaveIfBehind(params: Hearing & { witness: Witness; head: ChainBlock | undefined }): void {
  const { witnesses, serving, claim, head, signal } = params;
  const { behind, links } = witnesses;
  const isFar = (number: number) => (head?.number ?? 0) >= number + MAX_BLOCKS_BEHIND;
  if (!isFar(claim.head.number)) {
    behind.delete(serving);
    return;
  }
  const sinceMs = behind.get(serving) ?? Date.now();
  behind.set(serving, sinceMs);
  if (sinceMs + MAX_BEHIND_MS > Date.now()) return;
  behind.delete(serving);
  const status = apiOf(links, serving)?.getNode({}, { signal });
  status?.then(
    (own) => {
      if (isFar(own.head?.number ?? 0)) noteFailure(links, serving, Date.now());
    },
    () => undefined,
  );
}
