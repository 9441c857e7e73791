import { keyOf } from "../keys.ts";
import type { Database } from "../openDatabase.ts";
import { nodeSchema } from "../schema.ts";
import { put, type Write, writeAtomic } from "../writeAtomic.ts";

/** Which generation of its own log a node signs in, and where its database lay when it began. */
type OwnGeneration = {
  readonly generation: number;
  /** See `placeOf` in src/node. */
  readonly place: string;
  /** It may have signed what is not on this disk: it runs, was killed, or the database is another's. */
  readonly isOpen: boolean;
};

type Noted = { readonly database: Database } & Omit<OwnGeneration, "isOpen">;

const ownKey = keyOf(nodeSchema.ownLog, {});
const IMPORTED = "imported";

/** Its node may have signed more than this database knows of: no generation of its log is gone on with. */
export function markImported(): Write {
  return putOwn({ generation: 0, place: IMPORTED, isOpen: true });
}

/**
 * Whether the node's own log may be gone on with in this generation: it was closed there after all that it signed was
 * on this disk, and this is no copy of it.
 */
export async function mayGoOnIn(params: Noted): Promise<boolean> {
  const { database, generation, place } = params;
  const bytes = await database.level.get(ownKey);
  if (bytes === undefined) return false;
  const own = JSON.parse(new TextDecoder().decode(bytes)) as OwnGeneration;
  return own.generation === generation && own.place === place && !own.isOpen;
}

/** Whether a node, this one or the one whose database was imported, may have signed anything with it. */
export async function hasSigned(database: Database): Promise<boolean> {
  return (await database.level.get(ownKey)) !== undefined;
}

/** From now on it is signed in this generation. On disk when it resolves. */
export async function noteOpened(params: Noted): Promise<void> {
  await note(params, true);
}

/** Nothing more is signed, and all that was is on disk. */
export async function noteClosed(params: Noted): Promise<void> {
  await note(params, false);
}

async function note({ database, generation, place }: Noted, isOpen: boolean): Promise<void> {
  await writeAtomic({ database, writes: [putOwn({ generation, place, isOpen })], sync: true });
}

function putOwn(own: OwnGeneration): Write {
  return put(ownKey, new TextEncoder().encode(JSON.stringify(own)));
}
