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

/** How much may be in use at one time, by one address and by all. */
export type Bound = { readonly perAddress: number; readonly total: number };

/** Rates are per IP address (IPv6: per /64). */
export type RateLimits = {
  /** Calls; a costly call counts as several small ones. */
  readonly calls: Rate;
  /** Relayed transactions, because the operator pays for them. */
  readonly relays: Rate;
  readonly publishedBytes: Rate;
  readonly streams: Bound;
  readonly connections: Bound;
  /** Bytes that calls keep in memory: requests, topics that are watched, answers that are not read yet. */
  readonly openBytes: Bound;
};

/** What all callers of a server have used and hold, by the address that limits count them by. */
export type Accounts = {
  readonly calls: TokenBuckets;
  readonly relays: TokenBuckets;
  readonly published: TokenBuckets;
  readonly streams: Shares;
  readonly connections: Shares;
  readonly openBytes: Shares;
  readonly turns: Readonly<Record<Exclude<Pool, "none">, Turns>>;
};

/** One call's part in its caller's account; its disposal gives back what the call holds. */
export type Account = Meter &
  Disposable & {
    /** What limits count the caller by. */
    readonly key: string;
    /** Counts the call. Throws `limit-exceeded` if the caller has used up its share. */
    readonly begin: (params: { isRelay: boolean; isStream: boolean }) => void;
    /** Charges and holds the request's body, as far as it has come. Throws `limit-exceeded`. */
    readonly body: (bytes: number) => void;
    /** Charges the fields that were decoded. */
    readonly fields: (count: number) => void;
    /** Charges requests to the chain. */
    readonly chainReads: (count: number) => void;
    /** Charges published bytes. Throws `limit-exceeded`. */
    readonly publish: (bytes: number) => void;
    /** Charges envelopes that were refused after they were checked. */
    readonly refusedEnvelopes: (count: number) => void;
    /**
     * Holds the bytes of an answer that wait for their reader, and charges `more` new ones. Throws `limit-exceeded`.
     */
    readonly unread: (params: { bytes: number; more: number }) => void;
    /** How long it takes until the caller owes nothing. */
    readonly debtMs: () => number;
  };

/** What a call holds beside its body and answer: its streams, headers, buffers. */
const CALL_BYTES = 8 * 1024;
/** How many reads of the disk, questions to the chain and relayed calls run at one time, of one caller and of all. */
const turnsOf = {
  disk: { perKey: 8, total: 32 },
  chain: { perKey: 16, total: 128 },
  relay: { perKey: 16, total: 32 },
} as const;
/** How many calls of one caller may wait for each of these. */
const MAX_WAITING = 2_048;

/** Opens the accounts of a server's callers. */
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
      // They go to the chain one by one: a caller that sends many waits for its own.
      relay: turns("relayed transactions that wait", turnsOf.relay),
    },
  };
}

/** Opens a call's account, for the caller that limits count by `key`. `signal` aborts when the call ends. */
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
