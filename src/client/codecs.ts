import { WeftError } from "../errors.ts";
import { type Part, textOfPart } from "../wire/part.ts";

/** How an app's own kind of part becomes bytes and comes back. */
export type Codec<Type extends string = string, Value = unknown> = {
  /** Media type in lower-case ASCII, such as `application/vnd.example.poll+json`. */
  readonly type: Type;
  readonly encode: (value: Value) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => Value;
  /** What is shown by whoever does not know the type; at most 1 KiB. */
  readonly fallback?: (value: Value) => string;
};

/** What reading asks of a codec. */
type Reader = Pick<Codec, "type" | "decode">;

/** What a part comes to by an app's codecs. */
export type DecodedPart<Codecs extends readonly Reader[]> =
  | ValueOf<Codecs[number]>
  /** A text, or what is shown instead of a type that none of the codecs has. */
  | { readonly kind: "text"; readonly text: string }
  /** Neither a codec nor anything to show. */
  | { readonly kind: "unknown"; readonly type: string }
  /** Its codec can't read it: it was written by another version, or by somebody hostile. */
  | {
      readonly kind: "broken";
      readonly type: string;
      readonly text: string | undefined;
      readonly cause: unknown;
    };

type ValueOf<Any> =
  Any extends Codec<infer Type, infer Value>
    ? { readonly kind: "value"; readonly type: Type; readonly value: Value }
    : never;

/** Makes a part of a value, for `sendMessage`. Throws `malformed` if the codec throws. */
export function encodePart<Value>(params: { codec: Codec<string, Value>; value: Value }): Part {
  const { codec, value } = params;
  try {
    const fallback = codec.fallback?.(value);
    return { type: codec.type, data: codec.encode(value), ...(fallback ? { fallback } : {}) };
  } catch (cause) {
    throw new WeftError({ code: "malformed", message: `the codec of ${codec.type} can't write it`, cause });
  }
}

/** Reads a part by an app's codecs. Never throws: a codec that does is an outcome. */
export function decodePart<const Codecs extends readonly Reader[]>(params: {
  codecs: Codecs;
  part: Part;
}): DecodedPart<Codecs> {
  const { codecs, part } = params;
  const { type, data } = part;
  const codec = data && codecs.find((one) => one.type === type);
  const text = textOfPart(part);
  if (!codec) return text === undefined ? { kind: "unknown", type } : { kind: "text", text };
  try {
    return { kind: "value", type, value: codec.decode(data) } as ValueOf<Codecs[number]>;
  } catch (cause) {
    return { kind: "broken", type, text, cause };
  }
}
