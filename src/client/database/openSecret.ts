import { randomBytes } from "#crypto";
import type { Database } from "../../store/openDatabase.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import { tables } from "./tables.ts";

const SECRET_BYTES = 32;

/**
 * Reads, or draws, the secret by which this client draws witnesses. It stays the same for ever: a secret that changed
 * would be drawn until it suits a liar.
 */
export async function openSecret(database: Database): Promise<Uint8Array> {
  const known = await tables.witnessSecret.get(database, {});
  if (known) return known;
  const secret = randomBytes(SECRET_BYTES);
  await writeAtomic({ database, writes: [tables.witnessSecret.put({}, secret)], sync: true });
  return secret;
}
