import type { InstallationList, InstallationSummary } from "../../index.ts";
import { formatTable } from "../formatTable.ts";
import { countOf } from "./formatGroups.ts";

/** As many characters of a key as tell devices apart. */
const SHOWN_CHARACTERS = 18;

/** A wallet's devices, the oldest first: those that count, then those that were revoked. */
export function formatDevices(params: { list: InstallationList; own: string | undefined }): string {
  const { list, own } = params;
  const isActive = ({ revokedBlock }: InstallationSummary) => revokedBlock === undefined;
  const { installations, inbox, asOfBlock, incomplete } = list;
  const active = installations.filter(isActive);
  const revoked = installations.filter((one) => !isActive(one));
  const rows = [...active, ...revoked].map((one) => [
    one.installation.slice(0, SHOWN_CHARACTERS),
    `added ${dateOf(one.addedTime, one.addedBlock)}`,
    one.revokedBlock === undefined ? "active" : `revoked ${dateOf(one.revokedTime, one.revokedBlock)}`,
    one.installation === own ? "this device" : "",
  ]);
  const counts = `${countOf(active.length, "device")}, ${revoked.length} revoked`;
  const lines = [`inbox ${inbox}: ${counts}, as of block ${asOfBlock ?? "none"}`, formatTable(rows)];
  if (incomplete !== undefined)
    lines.push("Only one operator has told this: nobody confirms that it is all.");
  return lines.filter(Boolean).join("\n");
}

/** In UTC, to the minute; the block where nobody agrees on its time. */
function dateOf(time: number | undefined, block: number): string {
  if (time === undefined) return `in block ${block}`;
  return new Date(time * 1_000).toISOString().slice(0, 16).replace("T", " ");
}
