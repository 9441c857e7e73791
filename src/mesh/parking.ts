import { steadyMs } from "../clock/steadyMs.ts";
import { batchHeaderHash } from "../wire/batchHeader.ts";
import { envelopeBytes } from "../wire/envelope.ts";
import { MAX_CLOCK_SKEW_MS } from "../wire/limits.ts";
import type { Arrival } from "./arrival.ts";
import type { NodeDirectory } from "./nodeDirectory.ts";
import type { FinalVerdict, Verdict } from "./verdict.ts";

/** Batches that this node can't judge yet. Bounded; what is pushed out or waits too long is left to sync. */
export type Parking = Disposable & {
  readonly park: (arrival: Arrival, verdict: Parked) => Promise<FinalVerdict>;
  readonly parked: () => ParkedNow;
};

export type ParkedNow = { readonly batches: number; readonly bytes: number };

type Parked = Extract<Verdict, { kind: "park" }>;
type Place = {
  readonly arrival: Arrival;
  readonly bytes: number;
  readonly expiresAt: number;
  /** Tried again from then on; undefined: when the directory changes. */
  readonly dueAt: number | undefined;
  readonly resolve: (verdict: FinalVerdict) => void;
};

const MAX_PLACES = 256;
const MAX_BYTES = 16 * 1024 * 1024;
const PARK_MS = 120_000;
const CHECK_MS = 500;
const TOO_LONG: FinalVerdict = { kind: "ignore", reason: "parked-too-long" };

export function openParking(params: {
  decide: (arrival: Arrival) => Promise<Verdict>;
  directory: NodeDirectory;
  /** As batches are judged by. */
  nowMs: () => number;
}): Parking {
  const { decide, directory, nowMs } = params;
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
      const { header, headerBytes, envelopes } = arrival.batch;
      const size = envelopes.reduce((sum, envelope) => sum + envelopeBytes(envelope), headerBytes.length);
      const dueAt = reason === "from-the-future" ? header.timeMs - MAX_CLOCK_SKEW_MS : undefined;
      const place = { arrival, bytes: size, expiresAt: steadyMs() + PARK_MS, dueAt, resolve };
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
  const check = (changed: boolean): void => {
    const now = steadyMs();
    for (const [hash, waiting] of [...places]) {
      const [first] = waiting;
      if (first === undefined) continue;
      const due = first.dueAt === undefined ? changed : first.dueAt <= nowMs();
      if (due) for (const place of leave(hash)) void tryAgain(place);
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
