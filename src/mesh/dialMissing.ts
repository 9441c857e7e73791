import { peerIdFromString } from "@libp2p/peer-id";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import type { Keeping } from "./keeping.ts";

const DIAL_TIMEOUT_MS = 5000;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;
/** Of two peers, the one with the smaller id dials at once, the other one only after so long, lest they cross. */
const YIELD_MS = 500;

/** Dials each admitted peer that is not connected, less and less often while it does not answer. `now`: `steadyMs`. */
export function dialMissing({ keeping, now }: { keeping: Keeping; now: number }): void {
  const { admission, libp2p, dials } = keeping;
  const wanted = admission.peers();
  for (const peerId of dials.keys()) if (!wanted.has(peerId)) dials.delete(peerId);
  for (const [peerId, addresses] of wanted) {
    if (!admission.admits(peerId) || libp2p.getConnections(peerIdFromString(peerId)).length > 0) {
      dials.delete(peerId);
      continue;
    }
    const known = dials.get(peerId) ?? { retryAt: now, waitMs: FIRST_RETRY_MS, missingSince: now };
    const yields = peerId < libp2p.peerId.toString() && now - known.missingSince < YIELD_MS;
    if (keeping.dialing.has(peerId) || now < known.retryAt || yields) {
      dials.set(peerId, known);
      continue;
    }
    const waitMs = Math.min(MAX_RETRY_MS, 2 * known.waitMs);
    dials.set(peerId, { ...known, waitMs, retryAt: now + known.waitMs });
    void dial({ keeping, peerId, addresses });
  }
}

async function dial(params: {
  keeping: Keeping;
  peerId: string;
  addresses: readonly string[];
}): Promise<void> {
  const { peerId, addresses } = params;
  const { libp2p, dialing, logger, signal } = params.keeping;
  dialing.add(peerId);
  try {
    const targets = addresses.flatMap((address) => withPeerId(address, peerId));
    if (targets.length === 0) return;
    await libp2p.dial(targets, { signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]) });
  } catch (error) {
    logger.debug({ peerId, error }, "a peer does not answer");
  } finally {
    dialing.delete(peerId);
  }
}

/** Turns an address of the registry into a dial target; into none if it is malformed or names another peer. */
function withPeerId(address: string, peerId: string): Multiaddr[] {
  try {
    const target = multiaddr(address);
    const named = target.getComponents().find(({ name }) => name === "p2p");
    if (named === undefined) return [target.encapsulate(`/p2p/${peerId}`)];
    return named.value === peerId ? [target] : [];
  } catch {
    return [];
  }
}
