import { WeftError } from "../../errors.ts";

/** Awaits a read of the chain. Throws `chain-unreachable` if it fails; `what` names what was read. */
export async function readCall<T>(params: { what: string; read: Promise<T> }): Promise<T> {
  try {
    return await params.read;
  } catch (cause) {
    throw new WeftError({ code: "chain-unreachable", message: `${params.what} could not be read`, cause });
  }
}
