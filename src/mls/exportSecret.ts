import { sha256 } from "#crypto";
import { zero } from "../crypto/zero.ts";
import type { GroupState } from "./groupState.ts";
import { deriveSecret, expandWithLabel } from "./label/expandWithLabel.ts";

/** Derives a secret of the epoch for use outside of MLS (MLS-Exporter, RFC 9420, section 8.5); `length` in bytes. */
export function exportSecret(params: {
  state: Pick<GroupState, "exporterSecret">;
  label: string;
  context: Uint8Array;
  length: number;
}): Uint8Array {
  const secret = deriveSecret(params.state.exporterSecret, params.label);
  const context = sha256(params.context);
  const exported = expandWithLabel({ secret, label: "exported", context, length: params.length });
  zero(secret);
  return exported;
}
