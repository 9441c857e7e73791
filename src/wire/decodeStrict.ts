import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { equalBytes } from "../crypto/equalBytes.ts";
import { WeftError } from "../errors.ts";

/**
 * Decodes a canonical protobuf message of at most `maxBytes`.
 * Throws `too-large`, or `malformed` for bytes that another encoder could have written differently:
 * unknown fields, trailing bytes, defaults written out, fields out of order.
 */
export function decodeStrict<Schema extends DescMessage>(params: {
  schema: Schema;
  bytes: Uint8Array;
  maxBytes: number;
}): MessageShape<Schema> {
  const { schema, bytes, maxBytes } = params;
  if (bytes.length > maxBytes) {
    throw new WeftError({
      code: "too-large",
      message: `${schema.name} has ${bytes.length} bytes; at most ${maxBytes} are allowed`,
    });
  }
  const message = decodeOrThrow(schema, bytes);
  if (!equalBytes(toBinary(schema, message, { writeUnknownFields: false }), bytes)) {
    throw new WeftError({ code: "malformed", message: `${schema.name} is not in canonical encoding` });
  }
  return message;
}

function decodeOrThrow<Schema extends DescMessage>(schema: Schema, bytes: Uint8Array): MessageShape<Schema> {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (cause) {
    throw new WeftError({ code: "malformed", message: `${schema.name} does not decode`, cause });
  }
}

/** Encodes a message in the one way that `decodeStrict` accepts. */
export function encodeCanonical<Schema extends DescMessage>(
  schema: Schema,
  message: MessageShape<Schema>,
): Uint8Array<ArrayBuffer> {
  return toBinary(schema, message, { writeUnknownFields: false });
}

/** Throws `malformed` unless `bytes` has exactly this length. */
export function checkLength(params: { bytes: Uint8Array; length: number; what: string }): void {
  if (params.bytes.length !== params.length) {
    throw new WeftError({
      code: "malformed",
      message: `${params.what} has ${params.bytes.length} bytes instead of ${params.length}`,
    });
  }
}
