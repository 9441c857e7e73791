import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const folder = process.env.WEFT_MLS_VECTORS ?? join(import.meta.dirname, "../../../../shared/vectors/mls");

/** Runs a test on one file of the working group's vectors; skips it by name if the file is absent. */
export function testVectors<T>(file: string, what: string, check: (cases: T) => void): void {
  const path = join(folder, file);
  const skip = existsSync(path) ? false : `no ${file} in WEFT_MLS_VECTORS`;
  test(`vectors ${file}: ${what}`, { skip }, () => check(JSON.parse(readFileSync(path, "utf8")) as T));
}

/** Bytes of hex digits. */
export function hex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits, "hex"));
}
