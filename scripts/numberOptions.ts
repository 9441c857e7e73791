import { InvalidArgumentError } from "commander";

/** The value of an option that takes a number above 0. */
export function positive(text: string): number {
  if (Number(text) > 0) return Number(text);
  throw new InvalidArgumentError("It takes a number above 0.");
}

/** The value of an option that takes a whole number. */
export function whole(text: string): number {
  if (Number.isInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError("It takes a whole number.");
}
