import { labeledHash } from "../../wire/bytes.ts";
import { fromHex, type Hex, type InstallationKey, toHex } from "../../wire/ids.ts";

/** The time that the members of one turn have before those of the next turn come to help. */
const TURN_MS = 2_000;

/**
 * Tells how long this client leaves a duty to others. Members are ranked by SHA-256("weft.upkeep.v1" ‖ subject ‖
 * installation); the first of them acts at once, the next two wait one turn, the next four two turns, and so on. So
 * mostly only one acts, and the wait grows only with the logarithm of the number of members who are away. Milliseconds.
 * Pure.
 */
export function staggerMs(params: {
  subject: Hex;
  self: InstallationKey;
  /** All installations that may act, this client's own among them. */
  able: readonly InstallationKey[];
}): number {
  const { subject, self, able } = params;
  const mine = rankOf(subject, self);
  const before = able.filter((one) => one !== self && rankOf(subject, one) < mine).length;
  return TURN_MS * Math.floor(Math.log2(before + 1));
}

function rankOf(subject: Hex, installation: InstallationKey): Hex {
  return toHex(labeledHash({ label: "weft.upkeep.v1", fields: [fromHex(subject), fromHex(installation)] }));
}
