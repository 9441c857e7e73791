import { steadyMs } from "../clock/steadyMs.ts";
import { batchHeaderHash } from "../wire/batchHeader.ts";
import { envelopeBytes } from "../wire/envelope.ts";
import { MAX_CLOCK_SKEW_MS } from "../wire/limits.ts";
import type { Arrival } from "./arrival.ts";
import type { NodeDirectory } from "./nodeDirectory.ts";
import type { FinalVerdict, Verdict } from "./verdict.ts";

/**
 * The batches that this node can't judge yet. Bounded: a batch that is pushed out or waits too long is left to sync.
 */
export type Parking = Disposable & {
  /** Parks a batch; resolves with its final verdict. */
  readonly park: (arrival: Arrival, verdict: Parked) => Promise<FinalVerdict>;
  readonly parked: () => ParkedNow;
};

/** How much is parked now. */
export type ParkedNow = { readonly batches: number; readonly bytes: number };

type Parked = Extract<Verdict, { kind: "park" }>;
type Place = {
  readonly arrival: Arrival;
  readonly bytes: number;
  readonly expiresAt: number;
  readonly reason: Parked["reason"];
  readonly resolve: (verdict: FinalVerdict) => void;
};

const MAX_PLACES = 256;
const MAX_BYTES = 16 * 1024 * 1024;
const PARK_MS = 120_000;
const CHECK_MS = 500;
const TOO_LONG: FinalVerdict = { kind: "ignore", reason: "parked-too-long" };

/** Opens a parking that calls `decide` again for a batch once the reason why it waits may be gone. */
export function openParking(params: {
  decide: (arrival: Arrival) => Promise<Verdict>;
  directory: NodeDirectory;
  /** The clock by which batches are judged, in milliseconds since 1970. */
  nowMs: () => number;
  /** The newest block that this node has read; undefined if it reads none. */
  chainBlock: () => number | undefined;
}): Parking {
  const { decide, directory, nowMs, chainBlock } = params;
  const places = new Map<string, Place[]>();
  let bytes = 0;

  const leave = (hash: string): Place[] => {
    const leaving = places.get(hash) ?? [];
    places.delete(hash);
    for (const place of leaving) bytes -= place.bytes;
    return leaving;
  };
  const park = (arrival: Arrival, { reason }: Parked): Promise<FinalVerdict> =>
    new Promise((resolve) => {
      const { headerBytes, envelopes } = arrival.batch;
      const size = envelopes.reduce((sum, envelope) => sum + envelopeBytes(envelope), headerBytes.length);
      const place = { arrival, bytes: size, expiresAt: steadyMs() + PARK_MS, reason, resolve };
      const hash = batchHeaderHash(headerBytes);
      places.set(hash, [...(places.get(hash) ?? []), place]);
      bytes += size;
      for (const [oldest] of places) {
        if (places.size <= MAX_PLACES && bytes <= MAX_BYTES) break;
        for (const pushed of leave(oldest)) pushed.resolve(TOO_LONG);
      }
    });
  const tryAgain = async (place: Place): Promise<void> => {
    const verdict = await decide(place.arrival);
    if (verdict.kind === "park") place.resolve(await park(place.arrival, verdict));
    else place.resolve(verdict);
  };
  const isDue = ({ reason, arrival }: Place, changed: boolean): boolean => {
    const { anchorBlock, timeMs } = arrival.batch.header;
    if (reason === "anchor-ahead") return anchorBlock <= (chainBlock() ?? anchorBlock);
    return reason === "from-the-future" ? timeMs - MAX_CLOCK_SKEW_MS <= nowMs() : changed;
  };
  const check = (changed: boolean): void => {
    const now = steadyMs();
    for (const [hash, waiting] of [...places]) {
      const [first] = waiting;
      if (first === undefined) continue;
      if (isDue(first, changed)) for (const place of leave(hash)) void tryAgain(place);
      else if (first.expiresAt <= now) for (const place of leave(hash)) place.resolve(TOO_LONG);
    }
  };
  const timer = setInterval(() => check(false), CHECK_MS);
  const stopListening = directory.onChange(() => check(true));
  const dispose = (): void => {
    clearInterval(timer);
    stopListening();
    for (const hash of [...places.keys()]) for (const place of leave(hash)) place.resolve(TOO_LONG);
  };
  return { park, parked: () => ({ batches: places.size, bytes }), [Symbol.dispose]: dispose };
}
