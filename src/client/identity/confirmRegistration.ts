import type { Testimony } from "../../reconciler/witness/testimony.ts";
import type { Registration } from "../nodes/findRegistration.ts";
import { activeNodes } from "../nodes/nodeLinks.ts";
import { hear } from "../witness/hear.ts";
import type { Witnesses } from "../witness/witnesses.ts";

/** Has another operator confirm how an installation stands, if one node alone has told. Throws only the signal's reason. */
export async function confirmRegistration(params: {
  witnesses: Witnesses;
  registration: Registration;
  signal: AbortSignal;
}): Promise<Testimony["kind"]> {
  const { witnesses, registration, signal } = params;
  const { told } = registration;
  if (!told) return "agreed";
  const ranked = activeNodes(witnesses.links);
  return (await hear({ witnesses, ranked, serving: told.node, claim: told.claim, signal })).kind;
}
