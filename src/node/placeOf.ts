import { stat } from "node:fs/promises";
import { hostname } from "node:os";

/** Names where a database lies: a copy of it lies elsewhere, even under the same path. */
export async function placeOf(path: string): Promise<string> {
  const { dev, ino, birthtimeNs } = await stat(path, { bigint: true });
  return [hostname(), path, dev, ino, birthtimeNs].join("/");
}
