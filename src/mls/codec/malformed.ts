import { WeftError } from "../../errors.ts";

/** Makes the fault of bytes that are not what they should be. */
export function malformed(message: string): WeftError {
  return new WeftError({ code: "malformed", message });
}

/** Makes the fault of valid MLS that the restricted profile leaves out. */
export function outsideProfile(message: string): WeftError {
  return new WeftError({ code: "outside-profile", message });
}
