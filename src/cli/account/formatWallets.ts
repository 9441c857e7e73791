import type { Hex, InstallationList, WalletSummary } from "../../index.ts";
import { formatTable } from "../formatTable.ts";
import { countOf } from "./formatGroups.ts";

/** An inbox's wallets: those that are linked, then those that were; the recovery wallet, and who may take its place. */
export function formatWallets(params: { list: Omit<InstallationList, "installations">; own: Hex }): string {
  const { list, own } = params;
  const { inbox, wallets, recovery, nextRecovery, asOfBlock, incomplete } = list;
  const isLinked = ({ unlinkedBlock }: WalletSummary) => unlinkedBlock === undefined;
  const linked = wallets.filter(isLinked);
  const rows = [...linked, ...wallets.filter((one) => !isLinked(one))].map((one) => [
    one.wallet,
    `linked in block ${one.linkedBlock}`,
    one.unlinkedBlock === undefined ? kindOf(one) : `unlinked in block ${one.unlinkedBlock}`,
    one.wallet === own.toLowerCase() ? "this wallet" : "",
  ]);
  const lines = [`inbox ${inbox}: ${countOf(linked.length, "wallet")}, as of block ${asOfBlock ?? "none"}`];
  if (rows.length > 0) lines.push(formatTable(rows));
  if (recovery) lines.push(`recovery wallet: ${recovery.wallet}`);
  if (nextRecovery) {
    lines.push(
      `proposed: ${nextRecovery.wallet}, in force from ${formatTime(nextRecovery.changesAt)} on; \`weft veto\` drops it`,
    );
  }
  if (incomplete !== undefined)
    lines.push("Only one operator has told this: nobody confirms that it is all.");
  return lines.join("\n");
}

/** The time of a block in UTC, to the minute. */
export function formatTime(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().slice(0, 16).replace("T", " ");
}

function kindOf({ vouchedBy }: WalletSummary): string {
  return vouchedBy === "secp256k1" ? "key" : vouchedBy;
}
