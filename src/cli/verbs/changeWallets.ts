import type { WalletProgress, WalletRefusal } from "../../index.ts";
import { note, print, printJson } from "./runVerb.ts";

/** Tells a person what a change of wallets waits for. */
export function noteProgress(progress: WalletProgress): void {
  if (progress.kind === "signing") note(`${progress.wallet} signs …`);
  else note(progress.times === 1 ? "sent, waiting for the chain …" : "sent again …");
}

/** Prints how a change of wallets ended; gives the exit code. */
export function tellOutcome<Done extends { readonly kind: string; readonly isConfirmed: boolean }>(params: {
  outcome: Done | WalletRefusal;
  json: boolean;
  lineOf: (done: Done) => string;
}): number {
  const { outcome, json, lineOf } = params;
  if (json) printJson(outcome);
  else if (isRefusal(outcome)) print(`refused (${outcome.reason}): ${outcome.hint}${detailOf(outcome)}`);
  else print(`${lineOf(outcome)}${outcome.isConfirmed ? "" : " (by one operator's word)"}`);
  return isRefusal(outcome) ? 1 : 0;
}

function isRefusal(outcome: { readonly kind: string }): outcome is WalletRefusal {
  return outcome.kind === "refused";
}

function detailOf({ otherInbox, changesAt }: WalletRefusal): string {
  if (otherInbox !== undefined) return ` It is in ${otherInbox}.`;
  return changesAt === undefined ? "" : ` That is ${new Date(changesAt * 1_000).toISOString()}.`;
}
