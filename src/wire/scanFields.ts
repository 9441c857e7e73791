import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { WeftError } from "../errors.ts";

/** How much a message may hold. */
export type FieldBounds = {
  /** The most fields of the message and of all messages in it, items of packed lists included. */
  readonly maxFields: number;
  /** The most items of one list; unless told, as many as there may be fields. */
  readonly maxItems?: (field: DescField) => number;
};

type Scan = FieldBounds & {
  readonly bytes: Uint8Array;
  readonly reader: BinaryReader;
  readonly root: DescMessage;
  fields: number;
};

/**
 * Counts the fields of a message without decoding it, which would make an object of every two bytes. Throws
 * `too-large`, or `malformed` for what a decoder might read in another way than this: a known field in a wire type
 * that is not its own, and groups.
 */
export function scanFields(params: { schema: DescMessage; bytes: Uint8Array } & FieldBounds): number {
  const { schema, bytes } = params;
  const scan: Scan = { ...params, reader: new BinaryReader(bytes), root: schema, fields: 0 };
  try {
    scanMessage({ scan, schema, end: bytes.length });
  } catch (cause) {
    if (cause instanceof WeftError) throw cause;
    throw new WeftError({ code: "malformed", message: `${schema.name} does not decode`, cause });
  }
  return scan.fields;
}

function scanMessage(params: { scan: Scan; schema: DescMessage; end: number }): void {
  const { scan, schema, end } = params;
  const { reader } = scan;
  const known = fieldsOf(schema);
  const items = new Map<DescField, number>();
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const field = known.get(number);
    if (field !== undefined && wireType !== wireTypeOf(field) && !isPacked(field, wireType)) {
      throw malformed(scan, `${field.name} is written as wire type ${wireType}`);
    }
    const next = nextOf(scan, wireType);
    if (next > end) throw malformed(scan, "a field goes beyond its message");
    const listed = field !== undefined && isPacked(field, wireType) ? countPacked({ scan, field, next }) : 1;
    addFields(scan, Math.max(1, listed));
    if (field?.fieldKind === "list" && scan.maxItems !== undefined) {
      items.set(field, (items.get(field) ?? 0) + listed);
      const max = scan.maxItems(field);
      if ((items.get(field) ?? 0) > max) throw tooLarge(`more than ${max} ${field.name} in one list`);
    }
    if (field?.message !== undefined && field.fieldKind !== "map") {
      scanMessage({ scan, schema: field.message, end: next });
    }
    reader.pos = next;
  }
}

/** Says where the value ends that begins here; leaves the reader after its length, if it has one. */
function nextOf(scan: Scan, wireType: WireType): number {
  const { reader } = scan;
  if (wireType === WireType.LengthDelimited) {
    const length = reader.uint32();
    return reader.pos + length;
  }
  if (wireType !== WireType.Varint && wireType !== WireType.Bit64 && wireType !== WireType.Bit32) {
    throw malformed(scan, `wire type ${wireType}`);
  }
  reader.skip(wireType);
  return reader.pos;
}

function addFields(scan: Scan, more: number): void {
  scan.fields += more;
  if (scan.fields > scan.maxFields) throw tooLarge(`more than ${scan.maxFields} fields in ${scan.root.name}`);
}

/** True if a list of numbers stands in one field. */
function isPacked(field: DescField, wireType: WireType): boolean {
  const isNumeric = field.fieldKind === "list" && field.listKind !== "message";
  return isNumeric && wireType === WireType.LengthDelimited && wireTypeOf(field) !== wireType;
}

function countPacked(params: { scan: Scan; field: DescField; next: number }): number {
  const { scan, field, next } = params;
  const { bytes, reader } = scan;
  const wireType = wireTypeOf(field);
  if (wireType === WireType.Bit64) return Math.ceil((next - reader.pos) / 8);
  if (wireType === WireType.Bit32) return Math.ceil((next - reader.pos) / 4);
  let ends = 0;
  for (let at = reader.pos; at < next; at++) if ((bytes[at] ?? 0) < 0x80) ends++;
  return ends;
}

/** Gives the wire type of one value; lists of numbers may be packed besides. */
function wireTypeOf(field: DescField): WireType {
  switch (field.scalar) {
    case undefined:
      return field.enum === undefined ? WireType.LengthDelimited : WireType.Varint;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}

const fieldsBySchema = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>();

function fieldsOf(schema: DescMessage): ReadonlyMap<number, DescField> {
  const known = fieldsBySchema.get(schema) ?? new Map(schema.fields.map((field) => [field.number, field]));
  fieldsBySchema.set(schema, known);
  return known;
}

function malformed({ root }: Scan, why: string): WeftError {
  return new WeftError({ code: "malformed", message: `${root.name} does not decode: ${why}` });
}

function tooLarge(message: string): WeftError {
  return new WeftError({ code: "too-large", message });
}
