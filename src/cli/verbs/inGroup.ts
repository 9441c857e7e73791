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

/** As `openGroup`, and gives a group that only another device has told of, too. */
export async function openConversation(
  params: Parameters<typeof openGroup>[0],
): Promise<Pick<GroupSummary, "group">> {
  const { isWeftError, listConversations } = await import("../../index.ts");
  try {
    return await openGroup(params);
  } catch (error) {
    if (!isWeftError(error, "unknown-group")) throw error;
    const text = params.group.toLowerCase();
    const told = (await listConversations(params.account)).filter(
      ({ membership, name, group }) =>
        membership === "told" && (name.toLowerCase() === text || group.startsWith(text)),
    );
    const [first, ...others] = told;
    if (first && others.length === 0) return first;
    throw error;
  }
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
