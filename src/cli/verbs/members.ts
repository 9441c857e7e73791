import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { openGroup } from "./inGroup.ts";
import { print, printJson, runVerb, type VerbOptions } from "./runVerb.ts";

/** `weft members`: who is in a group. */
export function addMembers(program: Command): void {
  withAccountOptions(program.command("members"))
    .description("Who is in a group, with roles and numbers of devices.")
    .argument("<group>", "name, or the beginning of its id")
    .option("--json", "print JSON, one member a line")
    .addHelpText("after", "\nExample:\n  $ weft members Picnic --as alice")
    .action((group: string, options: VerbOptions, command: Command) =>
      runVerb({ command, options, act: (given) => tell({ ...given, group, json: options.json === true }) }),
    );
}

async function tell(params: {
  account: Account;
  signal: AbortSignal;
  group: string;
  json: boolean;
}): Promise<number> {
  const { client, names } = params.account;
  const { listMembers } = await import("../../index.ts");
  const { formatMembers } = await import("../account/formatGroups.ts");
  const { group } = await openGroup(params);
  const members = await listMembers({ client, group });
  if (params.json) for (const member of members) printJson({ ...member, name: names.nameOf(member.inbox) });
  else print(formatMembers({ members, names }));
  return 0;
}
