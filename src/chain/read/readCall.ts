import { WeftError } from "../../errors.ts";

/** Turns a failed read of the chain into `chain-unreachable`. */
export async function readCall<T>(params: { what: string; read: Promise<T> }): Promise<T> {
  try {
    return await params.read;
  } catch (cause) {
    throw new WeftError({ code: "chain-unreachable", message: `${params.what} could not be read`, cause });
  }
}
