import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { print, printJson, runVerb, type VerbOptions } from "./runVerb.ts";

/** `weft create`: founds a group. */
export function addCreate(program: Command): void {
  withAccountOptions(program.command("create"))
    .description("Found a group and take in members; prints its id when the invitations are out.")
    .argument("<name>", "what the group is called")
    .argument("[members...]", "names, wallet addresses or inbox ids")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ weft create Picnic bob 0x2f…9c --as alice")
    .action((name: string, members: string[], options: VerbOptions, command: Command) =>
      runVerb({
        command,
        options,
        act: (given) => found({ ...given, name, members, json: options.json === true }),
      }),
    );
}

async function found(params: {
  account: Account;
  signal: AbortSignal;
  name: string;
  members: readonly string[];
  json: boolean;
}): Promise<number> {
  const { account, signal, name, json } = params;
  const { client, names, place } = account;
  const { createGroup } = await import("../../index.ts");
  const { useNode } = await import("../account/useNode.ts");
  const { describeOutcome, settle } = await import("../account/settle.ts");
  const members = params.members.map((member) => names.find(member, []));
  const { group, intent } = await createGroup({ client, name, members });
  if (place.preferred !== undefined) await useNode({ client, group, url: place.preferred });
  const outcome = await settle({ handle: intent, signal });
  if (json) printJson({ group, outcome });
  else print(outcome.kind === "delivered" ? group : describeOutcome(outcome));
  return outcome.kind === "delivered" ? 0 : 1;
}
