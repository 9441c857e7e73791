import { type Command, InvalidArgumentError } from "commander";
import type { GroupId, StreamedEvent } from "../../index.ts";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { note, print, printJson, runVerb, type VerbOptions } from "./runVerb.ts";

type Place = { readonly consumer?: string; readonly since?: number };
type StreamOptions = VerbOptions & { readonly consumer?: string; readonly since?: number };

/** `weft stream`: what is said, as it comes. */
export function addStream(program: Command): void {
  withAccountOptions(program.command("stream"))
    .description("What comes in from now on, and what came since you were last here, until Ctrl-C.")
    .argument("[group]", "name, or the beginning of its id; all groups if left out")
    .option("--consumer <name>", "go on where the reader of this name was on this device")
    .option(
      "--since <number>",
      "go on after the change with this number; 0: with all that are kept",
      parseNumber,
    )
    .option("--json", "print JSON, one event a line")
    .addHelpText("after", "\nExample:\n  $ weft stream --as bot --json --consumer bot")
    .action((group: string | undefined, options: StreamOptions, command: Command) =>
      runVerb({
        command,
        options,
        // Whatever arrives before somebody listens would be told to nobody.
        online: false,
        act: (given) => follow({ ...given, ...placeOf(options), text: group, json: options.json === true }),
      }),
    );
}

function placeOf({ consumer, since }: StreamOptions): Place {
  return {
    ...(consumer === undefined ? {} : { consumer }),
    ...(since === undefined ? {} : { since }),
  };
}

function parseNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("a whole number");
}

async function follow(
  params: Place & {
    account: Account;
    signal: AbortSignal;
    text: string | undefined;
    json: boolean;
  },
): Promise<number> {
  const { account, signal, text, json, ...place } = params;
  const { client } = account;
  const { setOnline, stream } = await import("../../index.ts");
  const { findGroup } = await import("../account/findGroup.ts");
  const group = text === undefined ? undefined : findGroup({ client, text }).group;
  const events = stream({ client, ...place, ...(group === undefined ? {} : { group }), signal });
  const first = events.next();
  await setOnline({ client, online: true });
  const show = await formatterOf({ account, json });
  note("listening; Ctrl-C ends it");
  for (let next = await first; !next.done; next = await events.next()) show(next.value);
  return 0;
}

async function formatterOf(params: {
  account: Account;
  json: boolean;
}): Promise<(event: StreamedEvent) => void> {
  const { account, json } = params;
  const { client, names } = account;
  const { listGroups } = await import("../../index.ts");
  const { formatClock } = await import("../account/formatClock.ts");
  const { formatItem, isWaiting, plainLine } = await import("../account/formatItem.ts");
  const summaryOf = (id: GroupId) => listGroups({ client }).find(({ group }) => group === id);
  return (event) => {
    if (json) return printJson(event.kind === "group" ? { ...event, ...summaryOf(event.group) } : event);
    if (event.kind === "missed") return note("events were lost: `weft list` has them all");
    if (event.kind === "storage-trouble")
      return note(`nothing can be kept (${event.code}): ${event.message}`);
    if (event.kind === "chain-trouble")
      return note(`nothing gets to the chain (${event.code}): ${event.message}`);
    if (event.kind === "clock") return note(formatClock(event));
    if (event.kind !== "shown" || isWaiting(event.item)) return;
    const name = plainLine(summaryOf(event.group)?.name ?? event.group.slice(0, 10));
    print(`${name}  ${formatItem({ item: event.item, names })}`);
  };
}
