import type { Command } from "commander";
import pc from "picocolors";
import type { Account } from "../account/openAccount.ts";
import type { PlaceOptions } from "../account/place.ts";
import { runAction } from "../runAction.ts";

export type VerbOptions = PlaceOptions & { readonly json?: boolean };

/** Runs a verb for the account that its options name; `act` gives the exit code. */
export function runVerb(params: {
  command: Command;
  options: VerbOptions;
  /** False: stay cut off until `act` says otherwise. */
  online?: boolean;
  act: (params: { account: Account; signal: AbortSignal }) => Promise<number>;
}): Promise<void> {
  const { command, options, online = true, act } = params;
  return runAction({
    command,
    act: async (signal) => {
      const { openAccount } = await import("../account/openAccount.ts");
      await using account = await openAccount({ options, signal, tell: note, online });
      return await act({ account, signal });
    },
  });
}

/** Standard output carries results only. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function note(text: string): void {
  process.stderr.write(`${pc.dim(text)}\n`);
}

/** One object a line, for programs. */
export function printJson(value: unknown): void {
  print(
    JSON.stringify(value, (_, one: unknown) =>
      one instanceof Uint8Array ? `0x${Buffer.from(one).toString("hex")}` : one,
    ),
  );
}
