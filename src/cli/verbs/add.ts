import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { openGroup, tellOutcome } from "./inGroup.ts";
import { runVerb, type VerbOptions } from "./runVerb.ts";

/** `weft add`: takes members into a group. */
export function addAdd(program: Command): void {
  withAccountOptions(program.command("add"))
    .description("Take members into a group; admins can.")
    .argument("<group>", "name, or the beginning of its id")
    .argument("<members...>", "names, wallet addresses or inbox ids")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ weft add Picnic carol --as alice")
    .action((group: string, members: string[], options: VerbOptions, command: Command) =>
      runVerb({
        command,
        options,
        act: (given) => add({ ...given, group, members, json: options.json === true }),
      }),
    );
}

async function add(params: {
  account: Account;
  signal: AbortSignal;
  group: string;
  members: readonly string[];
  json: boolean;
}): Promise<number> {
  const { account, signal, json } = params;
  const { client, names } = account;
  const { addMembers } = await import("../../index.ts");
  const { group } = await openGroup(params);
  const members = params.members.map((member) => names.find(member, []));
  const handle = await addMembers({ client, group, members });
  return await tellOutcome({ handle, json, fields: { group, members }, signal });
}
