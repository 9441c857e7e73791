import { keyOf } from "../keys.ts";
import type { Database } from "../openDatabase.ts";
import { nodeSchema } from "../schema.ts";
import { put, type Write, writeAtomic } from "../writeAtomic.ts";

/** The generation of its logs in which this node signs, and where its database was when it began. */
type OwnGeneration = {
  readonly generation: number;
  /** See `placeOf` in src/node. */
  readonly place: string;
  /** True if the node may have signed what is not on this disk: it runs, was killed, or the database was imported. */
  readonly isOpen: boolean;
};

type Noted = { readonly database: Database } & Omit<OwnGeneration, "isOpen">;

const ownKey = keyOf(nodeSchema.ownLog, {});
const IMPORTED = "imported";

/**
 * Makes the write that marks an imported database: its node may have signed more, so it goes on in no old generation.
 */
export function markImported(): Write {
  return putOwn({ generation: 0, place: IMPORTED, isOpen: true });
}

/**
 * True if this node may sign on in this generation: it was closed in it when all that it had signed was on this disk,
 * and the database is no copy, because it is still at its place.
 */
export async function mayGoOnIn(params: Noted): Promise<boolean> {
  const { database, generation, place } = params;
  const bytes = await database.level.get(ownKey);
  if (bytes === undefined) return false;
  const own = JSON.parse(new TextDecoder().decode(bytes)) as OwnGeneration;
  return own.generation === generation && own.place === place && !own.isOpen;
}

/** True if a node, this one or the one whose database was imported, may have signed anything with this database. */
export async function hasSigned(database: Database): Promise<boolean> {
  return (await database.level.get(ownKey)) !== undefined;
}

/** Notes that this node signs in this generation from now on; on disk when it resolves. */
export async function noteOpened(params: Noted): Promise<void> {
  await note(params, true);
}

/** Notes that this node signs no more and that all that it has signed is on disk; on disk when it resolves. */
export async function noteClosed(params: Noted): Promise<void> {
  await note(params, false);
}

async function note({ database, generation, place }: Noted, isOpen: boolean): Promise<void> {
  await writeAtomic({ database, writes: [putOwn({ generation, place, isOpen })], sync: true });
}

function putOwn(own: OwnGeneration): Write {
  return put(ownKey, new TextEncoder().encode(JSON.stringify(own)));
}
