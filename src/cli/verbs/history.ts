import { type Command, Option } from "commander";
import { WeftError } from "../../errors.ts";
import type { InstallationKey } from "../../index.ts";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { note, print, printJson, runVerb, type VerbOptions } from "./runVerb.ts";

type Given = { readonly account: Account; readonly signal: AbortSignal; readonly json?: boolean };

/** `weft history`: from one device of a person to another one, by way of nodes. */
export function addHistory(program: Command): void {
  const history = program
    .command("history")
    .description(
      "Bring what was said to a new device of yours: it shows a code, you type that on a device that has it.",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ weft history receive --as alice                                on the new device: shows the code
  $ weft history send 0x3f2a91 k7qm-2xfd-9abc-efgh --as alice      on the one that has the history`,
    );
  withAccountOptions(history.command("receive"))
    .description("Ask for the history; shows the code, and waits until all has come.")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  $ weft history receive --as alice")
    .action((options: VerbOptions, command: Command) =>
      runVerb({ command, options, act: (given) => receive({ ...given, ...options }) }),
    );
  withAccountOptions(history.command("send"))
    .description("Send the history to the device that shows this code; ends when all of it is on nodes.")
    .argument("<device>", "the beginning of its id, as the device and `weft devices` show it")
    .argument("<code>", "what the device shows")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  $ weft history send 0x3f2a91 k7qm-2xfd-9abc-efgh --as alice")
    .action((device: string, code: string, options: VerbOptions, command: Command) =>
      runVerb({ command, options, act: (given) => send({ ...given, ...options, device, code }) }),
    );
}

function jsonOption(): Option {
  return new Option("--json", "print JSON");
}

async function receive({ account, signal, json = false }: Given): Promise<number> {
  const { client } = account;
  const { receiveHistory } = await import("../../index.ts");
  const { historyLine } = await import("../account/historyLine.ts");
  using line = historyLine();
  const onCode = (code: string): void => {
    if (json) printJson({ device: client.installation, code });
    else {
      note("Type this on a device of yours that has the history; tell it to nobody:");
      print(`weft history send ${client.installation.slice(0, 18)} ${code}`);
    }
  };
  const received = await receiveHistory({ client, onCode, onProgress: line.onProgress, signal });
  line[Symbol.dispose]();
  const { messages, come, isCut } = received;
  if (json) printJson(received);
  else print(`${messages} messages, ${come} of them new here${isCut ? cut : ""}`);
  return 0;
}

async function send(params: Given & { device: string; code: string }): Promise<number> {
  const { account, signal, device, code, json = false } = params;
  const { client } = account;
  const { sendHistory } = await import("../../index.ts");
  const { catchUpOrTell } = await import("../account/catchUpOrTell.ts");
  const { historyLine } = await import("../account/historyLine.ts");
  await catchUpOrTell({ account, signal, tell: note });
  const to = await findDevice({ account, signal, device });
  using line = historyLine();
  const sent = await sendHistory({ client, to, code, onProgress: line.onProgress, signal });
  line[Symbol.dispose]();
  if (json) printJson({ device: to, ...sent });
  else print(`${sent.messages} messages are on their way${sent.isCut ? cut : ""}`);
  return 0;
}

const cut = "; older ones did not fit: `weft export` and `weft import` bring them";

/** Finds the device of this inbox whose id begins so. Throws `unknown-name`. */
async function findDevice(params: {
  account: Account;
  signal: AbortSignal;
  device: string;
}): Promise<InstallationKey> {
  const { account, signal, device } = params;
  const { listInstallations } = await import("../../index.ts");
  const { installations } = await listInstallations({ client: account.client, signal });
  const text = device.toLowerCase();
  const found = installations.filter(
    ({ installation, isSelf, revokedBlock }) =>
      !isSelf && revokedBlock === undefined && text.length > 2 && installation.startsWith(text),
  );
  const [first, ...others] = found;
  if (first && others.length === 0) return first.installation;
  const message = first ? `several devices begin with ${device}` : `no other device begins with ${device}`;
  const hint = "`weft devices` lists them; a device that was just added is there some seconds later.";
  throw new WeftError({ code: "unknown-name", message, hint });
}
