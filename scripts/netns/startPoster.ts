import { setInterval } from "node:timers/promises";
import { isWeftError } from "../../src/errors.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import type { EnvelopeHash } from "../../src/wire/ids.ts";
import type { Seat, World } from "./openWorld.ts";

const TICK_MS = 50;
/** Long enough for a node whose answers come slowly. */
const CALL_MS = 10_000;
/** A node with so many unanswered calls gets no more of them for now. */
const MOST_OPEN_CALLS = 100;
const BYTES = 300;

/** Publishes envelopes of one group through all nodes in turn, at a steady rate. */
export type Poster = AsyncDisposable & {
  readonly posted: ReadonlySet<EnvelopeHash>;
  /** By which node. */
  readonly acknowledged: ReadonlyMap<EnvelopeHash, Seat>;
  /** What was not acknowledged, by code. */
  readonly refused: ReadonlyMap<string, number>;
  /** Publishes so many at once through one node, one call each, and resolves with the first acknowledgement. */
  readonly burst: (params: { seat: Seat; count: number }) => Promise<void>;
  /** Publishes nothing more, and waits for the answers. */
  readonly rest: () => Promise<void>;
};

export function startPoster(params: { world: World; perSecond: number }): Poster {
  const { world, perSecond } = params;
  const stopped = new AbortController();
  const posted = new Set<EnvelopeHash>();
  const acknowledged = new Map<EnvelopeHash, Seat>();
  const refused = new Map<string, number>();
  const open = new Map<Seat, Set<Promise<number>>>();

  const publish = (seat: Seat, count: number): Promise<number> => {
    const calls = open.get(seat) ?? new Set();
    open.set(seat, calls);
    const call = send({ world, seat, count, posted, acknowledged }).catch((error: unknown) => {
      const code = isWeftError(error) ? error.code : String(error);
      refused.set(code, (refused.get(code) ?? 0) + count);
      return 0;
    });
    calls.add(call);
    void call.finally(() => calls.delete(call));
    return call;
  };
  const posting = (async () => {
    const startMs = performance.now();
    let owed = 0;
    let turn = 0;
    try {
      for await (const _ of setInterval(TICK_MS, undefined, { signal: stopped.signal })) {
        const due = Math.floor(((performance.now() - startMs) * perSecond) / 1_000);
        const seat = world.seats[turn++ % world.seats.length];
        if (due === owed || seat === undefined) continue;
        if ((open.get(seat)?.size ?? 0) < MOST_OPEN_CALLS) void publish(seat, due - owed);
        owed = due;
      }
    } catch (error) {
      if (!stopped.signal.aborted) throw error;
    }
  })();
  const rest = async (): Promise<void> => {
    stopped.abort();
    await posting;
    await Promise.all([...open.values()].flatMap((calls) => [...calls]));
  };
  const burst = async ({ seat, count }: { seat: Seat; count: number }): Promise<void> => {
    const calls = Array.from({ length: count }, () => publish(seat, 1));
    await Promise.any(
      calls.map(async (call) => {
        if ((await call) === 0) throw new Error("it was not acknowledged");
      }),
    );
  };
  return { posted, acknowledged, refused, burst, rest, [Symbol.asyncDispose]: rest };
}

/** Resolves with the number of those that were acknowledged. */
async function send(params: {
  world: World;
  seat: Seat;
  count: number;
  posted: Set<EnvelopeHash>;
  acknowledged: Map<EnvelopeHash, Seat>;
}): Promise<number> {
  const { world, seat, count, posted, acknowledged } = params;
  const envelopes = Array.from({ length: count }, (_, index) =>
    world.conversation.post(`${posted.size + index} `.padEnd(BYTES, "·")),
  );
  const hashes = envelopes.map(envelopeHash);
  for (const hash of hashes) posted.add(hash);
  const outcomes = await seat.api.publish({ envelopes }, { signal: AbortSignal.timeout(CALL_MS) });
  const taken = hashes.filter((_, index) => outcomes[index]?.kind === "acknowledged");
  for (const hash of taken) acknowledged.set(hash, seat);
  return taken.length;
}
