import { Level } from "level";
import { randomBytes } from "#crypto";
import { WeftError } from "../errors.ts";
import { fromHex, type Hex, toHex } from "../wire/ids.ts";
import { checkNetworkVersion, type Network } from "../wire/network.ts";
import { hasIndexedDb, lockIndexedDb, writeThrough } from "./indexedDb.ts";
import { keyOf } from "./keys.ts";
import { commonSchema, SCHEMA_VERSION } from "./schema.ts";
import { codeFaults, noteOpenFault, storageFault } from "./storageFault.ts";

export type DatabaseKind = "node" | "client";

/** A database: LevelDB under Node.js, IndexedDB in browsers. Its disposal closes it. */
export type Database = AsyncDisposable & {
  /** A directory, or the name of an IndexedDB. */
  readonly path: string;
  readonly kind: DatabaseKind;
  /** The database's id, 16 random bytes that were drawn when it was created; part of every cursor. */
  readonly id: Uint8Array;
  readonly network: Network;
  readonly level: Level<Uint8Array, Uint8Array>;
  /** Aborts when the database is disposed. */
  readonly closed: AbortSignal;
  /** Called after the database was opened again, to read again what is kept of it in memory. */
  readonly onReopen: Set<() => Promise<void>>;
};

type Meta = { schema: number; kind: DatabaseKind; id: Hex; network: NetworkIdentity };
/** What tells networks apart. */
export type NetworkIdentity = Pick<
  Network,
  "chainId" | "commitLog" | "identityRegistry" | "nodeRegistry" | "genesisHash"
>;

const ID_BYTES = 16;
const CACHE_BYTES = 16 * 1024 * 1024;
/**
 * Makes plain arrays of what LevelDB gives under Node.js: Buffers, whose `slice` does not copy. Copies an array that is
 * part of a larger buffer before it is written, because IndexedDB would keep the whole buffer.
 */
const plainBytes = {
  name: "plain-bytes",
  format: "view" as const,
  encode: (bytes: Uint8Array): Uint8Array =>
    bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes),
  decode: (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length),
};
/** The key of a database's first record, see `encodeMeta`. */
export const metaKey = keyOf(commonSchema.meta, {});

/**
 * Opens a database, or creates one, which is bound to the network for good. Throws `old-network` (or `bad-config`) for
 * a network of an earlier (or unknown) version; `wrong-network` for a database of other contracts or another chain;
 * `storage` if the database is locked by another process or tab, unreadable, of another kind or of another schema
 * version; `disk-full`; `damaged-database`. Reads and writes of an open database throw only the last three.
 */
export async function openDatabase(params: {
  path: string;
  kind: DatabaseKind;
  network: Network;
}): Promise<Database> {
  const { path, kind, network } = params;
  checkNetworkVersion(network);
  const unlock = hasIndexedDb() ? await lockIndexedDb(path) : () => {};
  const level = new Level<Uint8Array, Uint8Array>(path, {
    keyEncoding: plainBytes,
    valueEncoding: plainBytes,
    cacheSize: CACHE_BYTES,
  });
  const close = async (): Promise<void> => {
    await level.close();
    unlock();
  };
  try {
    await openLevel({ level, path, isNew: true });
    codeFaults({ level, path });
    const id = await readOrCreateMeta({ level, path, kind, network });
    const closing = new AbortController();
    const dispose = (): Promise<void> => {
      closing.abort();
      return close();
    };
    const open = { path, kind, id, network, level, closed: closing.signal, onReopen: new Set<never>() };
    return { ...open, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Closes a database and opens it again, as after a failed write: then only what the disk holds counts, and `onReopen`
 * reads it into memory again. Throws `closed` if the database was disposed, `damaged-database` if another one is there
 * or none, because nothing may go on with a database that forgot what it has signed; else as `openDatabase` does.
 */
export async function reopenDatabase(database: Database): Promise<void> {
  const { level, path, closed, id } = database;
  if (closed.aborted) throw new WeftError({ code: "closed", message: `the database ${path} was closed` });
  await level.close();
  await openLevel({ level, path, isNew: false });
  const meta = await level.get(metaKey);
  if (meta === undefined || parseMeta(meta, path).id !== toHex(id)) {
    await level.close();
    const message = `the database ${path} is not there any more`;
    const fault = new WeftError({ code: "damaged-database", message });
    noteOpenFault(level, fault);
    throw fault;
  }
  for (const readAnew of database.onReopen) await readAnew();
}

async function openLevel(params: {
  level: Level<Uint8Array, Uint8Array>;
  path: string;
  /** True if the database may be created. */
  isNew: boolean;
}): Promise<void> {
  const { level, path, isNew } = params;
  try {
    await level.open({ createIfMissing: isNew });
    if (hasIndexedDb()) writeThrough(level);
    noteOpenFault(level, undefined);
  } catch (cause) {
    const fault = storageFault({ path, cause });
    noteOpenFault(level, fault);
    throw fault;
  }
}

async function readOrCreateMeta(params: {
  level: Level<Uint8Array, Uint8Array>;
  path: string;
  kind: DatabaseKind;
  network: Network;
}): Promise<Uint8Array> {
  const { level, path, kind, network } = params;
  const bytes = await level.get(metaKey);
  if (bytes !== undefined) return checkMeta({ meta: parseMeta(bytes, path), path, kind, network });
  for await (const _ of level.keys({ limit: 1 })) throw foreign(path, "it has records but none of Weft's");
  const id = randomBytes(ID_BYTES);
  await level.put(metaKey, encodeMeta({ kind, id, network }), { sync: true });
  return id;
}

/** Encodes the first record of a database, which says for good what the database is. */
export function encodeMeta(params: { kind: DatabaseKind; id: Uint8Array; network: Network }): Uint8Array {
  const { kind, id, network } = params;
  const meta: Meta = { schema: SCHEMA_VERSION, kind, id: toHex(id), network: networkIdentity(network) };
  return new TextEncoder().encode(JSON.stringify(meta));
}

function checkMeta(params: { meta: Meta; path: string; kind: DatabaseKind; network: Network }): Uint8Array {
  const { meta, path, kind, network } = params;
  if (meta.schema !== SCHEMA_VERSION) throw foreign(path, `its schema version is ${meta.schema}`);
  if (meta.kind !== kind) throw foreign(path, `it is a ${meta.kind}'s database, not a ${kind}'s`);
  const mine = Object.entries(networkIdentity(network));
  const other = mine.find(([name, value]) => meta.network[name as keyof NetworkIdentity] !== value);
  if (other !== undefined) {
    const [name, value] = other;
    throw new WeftError({
      code: "wrong-network",
      message: `the database ${path} has ${name} ${meta.network[name as keyof NetworkIdentity]}, not ${value}`,
    });
  }
  return fromHex(meta.id);
}

/** Returns the part of a network that tells it apart from others. */
export function networkIdentity(network: Network): NetworkIdentity {
  const { chainId, commitLog, identityRegistry, nodeRegistry, genesisHash } = network;
  return { chainId, commitLog, identityRegistry, nodeRegistry, genesisHash };
}

function parseMeta(bytes: Uint8Array, path: string): Meta {
  try {
    const meta = JSON.parse(new TextDecoder().decode(bytes)) as Meta;
    if (typeof meta.network === "object" && fromHex(meta.id).length === ID_BYTES) return meta;
  } catch {
    // The error is thrown below, as for what parses but does not fit.
  }
  throw foreign(path, "its first record does not parse");
}

function foreign(path: string, why: string): WeftError {
  return new WeftError({
    code: "storage",
    message: `the database ${path} can't be used: ${why}`,
    hint: "Use an empty data directory, or the version of Weft that wrote this one.",
  });
}
