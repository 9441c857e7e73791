import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { note, print, printJson, runVerb, type VerbOptions } from "./runVerb.ts";

/** `weft export`: the history as an encrypted file. */
export function addExport(program: Command): void {
  withAccountOptions(program.command("export"))
    .description(
      "Write what was said in all conversations to an encrypted file, for another device of yours. If you lose all devices, only such a file brings it back.",
    )
    .argument("<file>", "the file, which must not exist")
    .option("--passphrase", "ask for a passphrase instead of drawing a recovery text")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ weft export ./history.weft --as alice      prints the recovery text that opens it: keep it elsewhere
  $ weft export ./history.weft --as alice --passphrase`,
    )
    .action((file: string, options: Options, command: Command) =>
      runVerb({ command, options, act: (given) => save({ ...given, ...options, file }) }),
    );
}

type Options = VerbOptions & { readonly passphrase?: boolean };

async function save(params: {
  account: Account;
  signal: AbortSignal;
  file: string;
  passphrase?: boolean;
  json?: boolean;
}): Promise<number> {
  const { account, signal, file, json = false } = params;
  const { client } = account;
  const { createRecoveryText, exportHistory } = await import("../../index.ts");
  const { catchUpOrTell } = await import("../account/catchUpOrTell.ts");
  const { askSecret } = await import("../account/askSecret.ts");
  const { historyLine } = await import("../account/historyLine.ts");
  const { writeWhole } = await import("../account/writeWhole.ts");
  const recovery = params.passphrase ? undefined : createRecoveryText();
  const lock =
    recovery === undefined
      ? ({ kind: "passphrase", passphrase: await askSecret({ question: "passphrase: ", signal }) } as const)
      : ({ kind: "recovery", text: recovery } as const);
  await catchUpOrTell({ account, signal, tell: note });
  let told = { messages: 0, bytes: 0 };
  {
    using line = historyLine();
    const onProgress: typeof line.onProgress = (progress) => {
      told = progress;
      line.onProgress(progress);
    };
    await writeWhole({ file, bytes: exportHistory({ client, lock, onProgress, signal }) });
  }
  const { messages, bytes } = told;
  if (json) printJson({ file, messages, bytes, ...(recovery === undefined ? {} : { recovery }) });
  else {
    note(`${file}: ${messages} messages, ${bytes} bytes`);
    if (recovery !== undefined) {
      note("This opens it; nothing else does. Keep it apart from the file:");
      print(recovery);
    }
  }
  return 0;
}
