import { catchUp } from "../../index.ts";
import type { Account } from "./openAccount.ts";

const CATCH_UP_MS = 10_000;
const NOTICE_MS = 1_500;

/** Reads what the nodes have; what can't be reached in time is said, for the local database answers anyway. */
export async function catchUpOrTell(params: {
  account: Account;
  signal: AbortSignal;
  tell: (progress: string) => void;
}): Promise<void> {
  const { account, signal, tell } = params;
  const notice = setTimeout(() => tell("asking the nodes for what is new …"), NOTICE_MS);
  const isRead = await catchUp({ client: account.client, timeoutMs: CATCH_UP_MS, signal });
  clearTimeout(notice);
  if (!isRead && !signal.aborted)
    tell("no node brought all that is new; this is what the local database has");
}
