import { WeftError } from "../../errors.ts";

/** The fault of bytes that are not what they should be. */
export function malformed(message: string): WeftError {
  return new WeftError({ code: "malformed", message });
}

/** The fault of valid MLS that the restricted profile leaves out. */
export function outsideProfile(message: string): WeftError {
  return new WeftError({ code: "outside-profile", message });
}
