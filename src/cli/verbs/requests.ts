import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { note, print, printJson, runVerb, type VerbOptions } from "./runVerb.ts";

type RequestsOptions = VerbOptions & { readonly blocked?: boolean };

/** `weft requests`: the groups that others have brought and that nothing was decided about. */
export function addRequests(program: Command): void {
  withAccountOptions(program.command("requests"))
    .description(
      "Groups that others took you into and that you have not allowed yet: nothing is said there until you do.",
    )
    .option("--blocked", "those that you have blocked")
    .option("--json", "print JSON, one group a line")
    .addHelpText("after", "\nExample:\n  $ weft requests --as bob")
    .action((options: RequestsOptions, command: Command) =>
      runVerb({ command, options, act: (given) => tell({ ...given, options }) }),
    );
}

async function tell(params: {
  account: Account;
  signal: AbortSignal;
  options: RequestsOptions;
}): Promise<number> {
  const { account, signal, options } = params;
  const { json = false, blocked = false } = options;
  const { listConversations } = await import("../../index.ts");
  const { catchUpOrTell } = await import("../account/catchUpOrTell.ts");
  const { formatRequests } = await import("../account/formatGroups.ts");
  await catchUpOrTell({ account, signal, tell: note });
  const { client, names } = account;
  const groups = await listConversations({ client, consent: blocked ? "blocked" : "unknown" });
  if (json) groups.forEach(printJson);
  else if (groups.length === 0) note(blocked ? "nothing is blocked" : "no requests");
  else print(formatRequests({ groups, names }));
  return 0;
}
