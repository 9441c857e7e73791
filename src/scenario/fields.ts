import { WeftError } from "../errors.ts";

/** The fields of one step, taken one by one, so that what nobody took can be refused. */
export type Fields = {
  /** Where the step stands, for messages: "line 3". */
  readonly where: string;
  readonly take: (field: string) => unknown;
  /** Fields that were not taken yet. */
  readonly left: () => string[];
};

/** Opens the fields of `value`, which must be a JSON object. */
export function openFields(params: { where: string; value: unknown }): Fields {
  const { where, value } = params;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badScenario({ where, message: "a step is a JSON object" });
  }
  const rest = new Map(Object.entries(value));
  const take = (field: string): unknown => {
    const taken = rest.get(field);
    rest.delete(field);
    return taken;
  };
  return { where, take, left: () => [...rest.keys()] };
}

/** WeftError `bad-scenario` that names the line and, if given, the field. */
export function badScenario(params: { where: string; field?: string; message: string }): WeftError {
  const { where, field, message } = params;
  const place = field === undefined ? where : `${where}, field "${field}"`;
  return new WeftError({ code: "bad-scenario", message: `${place}: ${message}` });
}

/** A string, possibly empty. */
export function takeText(fields: Fields, field: string): string {
  const value = fields.take(field);
  if (typeof value !== "string") throw refuse(fields, field, value, "must be a string");
  return value;
}

/** The name of a client, group or message: a string that is not empty. */
export function takeName(fields: Fields, field: string): string {
  const name = takeText(fields, field);
  if (name.trim() === "") throw badScenario({ where: fields.where, field, message: "must not be empty" });
  return name;
}

/** The name of a client: of a person, or of one of its further installations. */
export function takeClient(fields: Fields, field: string): string {
  return checkClient(fields, field, takeName(fields, field));
}

/** The names of clients; none if the field is absent and `optional`. */
export function takeClients(fields: Fields, field: string, optional = false): string[] {
  return takeTexts(fields, field, optional).map((name) => checkClient(fields, field, name));
}

/** An array of strings; empty if the field is absent and `optional`. */
export function takeTexts(fields: Fields, field: string, optional = false): string[] {
  const value = fields.take(field);
  if (value === undefined && optional) return [];
  const isTexts = Array.isArray(value) && value.every((item) => typeof item === "string");
  if (!isTexts) throw refuse(fields, field, value, "must be an array of strings");
  return value;
}

/** A string, or undefined if the field is absent. */
export function takeOptionalName(fields: Fields, field: string): string | undefined {
  const value = fields.take(field);
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value === "") {
    throw refuse(fields, field, value, "must be a string that is not empty");
  }
  return value;
}

/** True or false; false if the field is absent. */
export function takeFlag(fields: Fields, field: string): boolean {
  const value = fields.take(field) ?? false;
  if (typeof value !== "boolean") throw refuse(fields, field, value, "must be true or false");
  return value;
}

/** A whole number from `min`; `absent` if the field is absent and `absent` is given. */
export function takeCount(
  fields: Fields,
  field: string,
  params: { min: number; max?: number; absent?: number },
): number {
  const value = fields.take(field);
  const { min, max = Number.MAX_SAFE_INTEGER, absent } = params;
  if (value === undefined && absent !== undefined) return absent;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    const until = params.max === undefined ? "" : ` to ${max}`;
    throw refuse(fields, field, value, `must be a whole number from ${min}${until}`);
  }
  return value;
}

/** The number of one of the devnet's nodes. */
export function takeNode(fields: Fields, field: string, nodes: number): number {
  const node = takeCount(fields, field, { min: 1 });
  if (node <= nodes) return node;
  throw badScenario({
    where: fields.where,
    field,
    message: `there is no node ${node}: the devnet has ${nodes}`,
  });
}

/** Sides of a partition: lists of node numbers in which none stands twice. */
export function takeSides(fields: Fields, field: string, nodes: number): number[][] {
  const value = fields.take(field);
  const isNode = (item: unknown) => Number.isInteger(item) && Number(item) >= 1 && Number(item) <= nodes;
  const isSides =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((side) => Array.isArray(side) && side.length > 0 && side.every(isNode));
  const rule = `must be lists of nodes from 1 to ${nodes}, like [[1],[2]]`;
  if (!isSides) throw refuse(fields, field, value, rule);
  if (new Set(value.flat()).size === value.flat().length) return value;
  throw badScenario({ where: fields.where, field, message: "names a node twice" });
}

/** A number of seconds above 0; `absent` if the field is absent. */
export function takeSeconds(fields: Fields, field: string, params: { absent: number }): number {
  const value = fields.take(field);
  if (value === undefined) return params.absent;
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) {
    throw refuse(fields, field, value, "must be a number of seconds above 0");
  }
  return value;
}

/** One of the words given; `absent` if the field is absent and `absent` is given. */
export function takeWord<Word extends string>(
  fields: Fields,
  field: string,
  params: { words: readonly Word[]; absent?: Word },
): Word {
  const value = fields.take(field);
  if (value === undefined && params.absent !== undefined) return params.absent;
  const word = params.words.find((candidate) => candidate === value);
  if (word === undefined) throw refuse(fields, field, value, `must be ${params.words.join(" or ")}`);
  return word;
}

function checkClient(fields: Fields, field: string, name: string): string {
  if (name.trim() === "") throw badScenario({ where: fields.where, field, message: "must not be empty" });
  if (!name.includes("/") || /^[^/]+\/([2-9]|[1-9][0-9]+)$/.test(name)) return name;
  const message = "a second installation is named like alice/2";
  throw badScenario({ where: fields.where, field, message });
}

function refuse(fields: Fields, field: string, value: unknown, rule: string): WeftError {
  const message = value === undefined ? `is missing; it ${rule}` : `${rule}, not ${JSON.stringify(value)}`;
  return badScenario({ where: fields.where, field, message });
}
