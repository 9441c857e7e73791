import type { Command } from "commander";
import { WeftError } from "../../errors.ts";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { note, print, printJson, runVerb, type VerbOptions } from "./runVerb.ts";

/** `weft import`: reads a history that `weft export` has written. */
export function addImport(program: Command): void {
  withAccountOptions(program.command("import"))
    .description(
      "Read what another device of yours has written by `weft export`. It may be read again, or after it broke off.",
    )
    .argument("<file>", "what `weft export` has written")
    .option("--passphrase", "it has a passphrase, not a recovery text")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ weft import ./history.weft --as alice      asks for the recovery text
  $ weft import ./history.weft --as alice < recovery.txt`,
    )
    .action((file: string, options: Options, command: Command) =>
      runVerb({ command, options, act: (given) => load({ ...given, ...options, file }) }),
    );
}

type Options = VerbOptions & { readonly passphrase?: boolean };

async function load(params: {
  account: Account;
  signal: AbortSignal;
  file: string;
  passphrase?: boolean;
  json?: boolean;
}): Promise<number> {
  const { account, signal, file, passphrase = false, json = false } = params;
  const { client } = account;
  const { importHistory } = await import("../../index.ts");
  const { catchUpOrTell } = await import("../account/catchUpOrTell.ts");
  const { askSecret } = await import("../account/askSecret.ts");
  const { historyLine } = await import("../account/historyLine.ts");
  await using handle = await openFile(file);
  const secret = await askSecret({ question: passphrase ? "passphrase: " : "recovery text: ", signal });
  await catchUpOrTell({ account, signal, tell: note });
  using line = historyLine();
  const imported = await importHistory({
    ...{ client, signal, onProgress: line.onProgress },
    bytes: handle.createReadStream({ autoClose: false }),
    lock: passphrase ? { kind: "passphrase", passphrase: secret } : { kind: "recovery", text: secret },
  });
  const { messages, come } = imported;
  line[Symbol.dispose]();
  if (json) printJson({ file, ...imported });
  else print(`${file}: ${messages} messages, ${come} of them new here`);
  return 0;
}

async function openFile(file: string) {
  const { open } = await import("node:fs/promises");
  try {
    return await open(file, "r");
  } catch (cause) {
    throw new WeftError({
      code: "bad-config",
      message: `${file} can't be read`,
      hint: "Check its path.",
      cause,
    });
  }
}
