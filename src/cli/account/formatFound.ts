import pc from "picocolors";
import { type FoundMessage, listGroups } from "../../index.ts";
import { formatItem, plainLine } from "./formatItem.ts";
import type { Account } from "./openAccount.ts";

const DATE_CHARACTERS = "2026-05-01".length;

/** A line for a message that was found: its day, its group, and what was said. */
export function formatFound(params: {
  message: FoundMessage;
  account: Pick<Account, "client" | "names">;
}): string {
  const { message, account } = params;
  const { client, names } = account;
  const group = listGroups({ client }).find((one) => one.group === message.group);
  const name = plainLine(group?.name ?? message.group.slice(0, 10));
  // What a sender's clock says may be no date at all.
  const day = new Date(Math.min(message.sentAtMs, 8.64e15)).toISOString().slice(0, DATE_CHARACTERS);
  return `${pc.dim(`${day} ${name}`)} ${formatItem({ item: message, names })}`;
}
