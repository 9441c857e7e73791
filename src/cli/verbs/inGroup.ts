import type { GroupSummary, IntentHandle } from "../../index.ts";
import type { Account } from "../account/openAccount.ts";
import { note, print, printJson } from "./runVerb.ts";

/** The group that a verb is about, read up to date; by way of the node that was asked for. Throws `unknown-group`. */
export async function openGroup(params: {
  account: Account;
  group: string;
  signal: AbortSignal;
}): Promise<GroupSummary> {
  const { account, group: text, signal } = params;
  const { client, place } = account;
  const { catchUpOrTell } = await import("../account/catchUpOrTell.ts");
  const { findGroup } = await import("../account/findGroup.ts");
  const { useNode } = await import("../account/useNode.ts");
  await catchUpOrTell({ account, signal, tell: note });
  const found = findGroup({ client, text });
  if (place.preferred !== undefined) await useNode({ client, group: found.group, url: place.preferred });
  return found;
}

/** Waits for what was asked for and prints how it ended; the exit code. */
export async function tellOutcome(params: {
  handle: IntentHandle;
  json: boolean;
  fields?: object;
  signal: AbortSignal;
}): Promise<number> {
  const { handle, json, fields, signal } = params;
  const { describeOutcome, settle } = await import("../account/settle.ts");
  const outcome = await settle({ handle, signal });
  if (json) printJson({ ...fields, outcome });
  else print(describeOutcome(outcome));
  return outcome.kind === "delivered" ? 0 : 1;
}
