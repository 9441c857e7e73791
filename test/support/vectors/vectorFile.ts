import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { toHex } from "../../../src/wire/ids.ts";

/** One file under test/vectors: what its cases share, and the cases. `expected` is what replaying one has given. */
export type VectorFile<Shared extends object, Input extends object> = Shared & {
  readonly cases: readonly VectorCase<Input>[];
};

export type VectorCase<Input extends object = object> = Input & {
  readonly name: string;
  readonly expected?: unknown;
};

export function vectorPath(name: string): string {
  return fileURLToPath(new URL(`../../vectors/${name}.json`, import.meta.url));
}

/** The files are written by hand and by scripts/generateVectors.ts: their shape is trusted. */
export function readVectorFile<File>(name: string): File {
  return JSON.parse(readFileSync(vectorPath(name), "utf8")) as File;
}

/** As JSON keeps it: bytes as hexadecimal, large integers as decimal text, without what is undefined. */
export function asJson(value: unknown): unknown {
  const text = JSON.stringify(value, (_, one: unknown) => {
    if (one instanceof Uint8Array) return toHex(one);
    return typeof one === "bigint" ? one.toString() : one;
  });
  return JSON.parse(text);
}
