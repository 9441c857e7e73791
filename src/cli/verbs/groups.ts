import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { note, print, printJson, runVerb, type VerbOptions } from "./runVerb.ts";

/** `weft groups`: the groups that one is in. */
export function addGroups(program: Command): void {
  withAccountOptions(program.command("groups"))
    .description(
      "Your groups with what is unread, the last active one first; those that you were removed from, too, but no requests.",
    )
    .option("--json", "print JSON, one group a line")
    .addHelpText("after", "\nExample:\n  $ weft groups --as alice")
    .action((options: VerbOptions, command: Command) =>
      runVerb({ command, options, act: (given) => tell({ ...given, json: options.json === true }) }),
    );
}

async function tell(params: { account: Account; signal: AbortSignal; json: boolean }): Promise<number> {
  const { account, signal, json } = params;
  const { listConversations } = await import("../../index.ts");
  const { catchUpOrTell } = await import("../account/catchUpOrTell.ts");
  const { formatGroups } = await import("../account/formatGroups.ts");
  await catchUpOrTell({ account, signal, tell: note });
  const { client } = account;
  const groups = await listConversations({ client });
  const requests = await listConversations({ client, consent: "unknown" });
  if (requests.length > 0 && !json) note(`others took you into ${requests.length} more: \`weft requests\``);
  if (json) groups.forEach(printJson);
  else if (groups.length === 0) note("no groups yet: `weft create <name> <member…>` founds one");
  else print(formatGroups(groups));
  return 0;
}
