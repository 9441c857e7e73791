import { keyOf } from "../keys.ts";
import type { Database } from "../openDatabase.ts";
import { nodeSchema } from "../schema.ts";
import { put, type Write, writeAtomic } from "../writeAtomic.ts";

type OwnGeneration = { readonly generation: number; readonly place: string };

const ownKey = keyOf(nodeSchema.ownLog, {});
const IMPORTED = "imported";

/** Its node may have signed more than this database knows of: no generation of its log is gone on with. */
export function markImported(): Write {
  return putOwn(0);
}

/** Whether the node's own log may be gone on with in this generation, as far as this database knows. */
export async function mayGoOnIn(params: { database: Database; generation: number }): Promise<boolean> {
  const bytes = await params.database.level.get(ownKey);
  if (bytes === undefined) return true;
  const own = JSON.parse(new TextDecoder().decode(bytes)) as OwnGeneration;
  return own.generation === params.generation;
}

/** In a database that was imported: this generation was opened for it. On disk when it resolves. */
export async function noteOwnGeneration(params: { database: Database; generation: number }): Promise<void> {
  const { database, generation } = params;
  if ((await database.level.get(ownKey)) === undefined) return;
  await writeAtomic({ database, writes: [putOwn(generation)], sync: true });
}

function putOwn(generation: number): Write {
  const own: OwnGeneration = { generation, place: IMPORTED };
  return put(ownKey, new TextEncoder().encode(JSON.stringify(own)));
}
