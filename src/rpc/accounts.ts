import { steadyMs } from "../clock/steadyMs.ts";
import {
  BYTES_PER_CALL,
  CALLS_PER_CHAIN_READ,
  FIELDS_PER_CALL,
  REFUSED_ENVELOPE_BYTES,
  ROWS_PER_CALL,
} from "./limits.ts";
import type { Pool } from "./methodBounds.ts";
import type { Meter } from "./nodeApi.ts";
import { createTokenBuckets, type OnRefusal, type Rate, type TokenBuckets } from "./rateLimit.ts";
import { openShares, type Shares } from "./shares.ts";
import { openTurns, type Turns } from "./turns.ts";

/** At one time, for one address and for all. */
export type Bound = { readonly perAddress: number; readonly total: number };

/** Rates are per IP address (IPv6: per /64). */
export type RateLimits = {
  /** Small ones: a dear one counts as several. */
  readonly calls: Rate;
  /** Relayed transactions: the operator pays for them. */
  readonly relays: Rate;
  readonly publishedBytes: Rate;
  readonly streams: Bound;
  readonly connections: Bound;
  /** What calls keep in memory: requests, topics that are watched, answers that are not read yet. */
  readonly openBytes: Bound;
};

/** What all callers of a server have used and hold. */
export type Accounts = {
  readonly calls: TokenBuckets;
  readonly relays: TokenBuckets;
  readonly published: TokenBuckets;
  readonly streams: Shares;
  readonly connections: Shares;
  readonly openBytes: Shares;
  readonly turns: Readonly<Record<Exclude<Pool, "none">, Turns>>;
};

/** One call's, until it is over. */
export type Account = Meter &
  Disposable & {
    /** What limits count its caller by. */
    readonly key: string;
    /** Throws `limit-exceeded` if its caller has used up what it may. */
    readonly begin: (params: { isRelay: boolean; isStream: boolean }) => void;
    /** Throws `limit-exceeded`. */
    readonly body: (bytes: number) => void;
    readonly fields: (count: number) => void;
    readonly chainReads: (count: number) => void;
    readonly publish: (bytes: number) => void;
    readonly refusedEnvelopes: (count: number) => void;
    /** Bytes of an answer that wait for their reader, and how many of them are new. Throws `limit-exceeded`. */
    readonly unread: (params: { bytes: number; more: number }) => void;
    readonly debtMs: () => number;
  };

/** A call beside what it holds: its streams, headers, buffers. */
const CALL_BYTES = 8 * 1024;
/** Reads of the disk and questions to the chain at one time, and how many of one caller wait for theirs. */
const turnsOf = {
  disk: { perKey: 8, total: 32 },
  chain: { perKey: 16, total: 128 },
  relay: { perKey: 16, total: 32 },
} as const;
const MAX_WAITING = 2_048;

export function openAccounts(params: { limits: RateLimits; onRefusal: OnRefusal }): Accounts {
  const { limits, onRefusal } = params;
  const bucket = (what: string, rate: Rate) =>
    createTokenBuckets({ ...rate, what, nowMs: steadyMs, onRefusal });
  const shares = (what: string, { perAddress: perKey, total }: Bound) =>
    openShares({ perKey, total, what, onRefusal });
  const turns = (what: string, bound: { perKey: number; total: number }) =>
    openTurns({ ...bound, maxWaiting: MAX_WAITING, what, onRefusal });
  return {
    calls: bucket("calls", limits.calls),
    relays: bucket("relayed transactions", limits.relays),
    published: bucket("published bytes", limits.publishedBytes),
    streams: shares("open streams", limits.streams),
    connections: shares("connections", limits.connections),
    openBytes: shares("open bytes", limits.openBytes),
    turns: {
      disk: turns("reads that wait", turnsOf.disk),
      chain: turns("questions to the chain that wait", turnsOf.chain),
      // They go to the chain one by one: who sends many waits behind itself.
      relay: turns("relayed transactions that wait", turnsOf.relay),
    },
  };
}

/** @param key what limits count by @param signal ends the call */
export function openAccount(params: {
  accounts: Accounts;
  key: string;
  pool: Pool;
  signal: AbortSignal;
}): Account {
  const { accounts, key, pool, signal } = params;
  const stack = new DisposableStack();
  const bytes = stack.use(accounts.openBytes.open(key));
  const stream = stack.use(accounts.streams.open(key));
  let isStream = false;
  const held = { call: CALL_BYTES, body: 0, kept: 0, unread: 0 };
  const hold = (part: Partial<typeof held>): void => {
    const { call, body, kept, unread } = { ...held, ...part };
    bytes.resize(call + body + kept + unread);
    Object.assign(held, part);
  };
  const owe = (cost: number): void => accounts.calls.owe({ key, cost });
  return {
    key,
    begin: (call) => {
      ({ isStream } = call);
      accounts.calls.take({ key, cost: 1 });
      if (call.isRelay) accounts.relays.take({ key, cost: 1 });
      hold({});
      if (isStream) stream.resize(1);
    },
    body: (size) => {
      owe((size - held.body) / BYTES_PER_CALL);
      hold({ body: size });
    },
    fields: (count) => owe(count / FIELDS_PER_CALL),
    rows: (count) => owe(count / ROWS_PER_CALL),
    chainReads: (count) => owe(count * CALLS_PER_CHAIN_READ),
    publish: (size) => accounts.published.take({ key, cost: size }),
    refusedEnvelopes: (count) => accounts.published.owe({ key, cost: count * REFUSED_ENVELOPE_BYTES }),
    keep: (size) => hold({ kept: size, body: 0 }),
    unread: ({ bytes: size, more }) => {
      owe(more / BYTES_PER_CALL);
      hold({ unread: size });
    },
    debtMs: () => accounts.calls.debtMs(key),
    turn: async (act) =>
      pool === "none" ? await act() : await accounts.turns[pool].take({ key, isStream, signal, act }),
    [Symbol.dispose]: () => stack.dispose(),
  };
}
