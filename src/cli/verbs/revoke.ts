import type { Command } from "commander";
import { WeftError } from "../../errors.ts";
import type { Hex, InstallationSummary, Revoked } from "../../index.ts";
import { withWalletOptions } from "../account/accountOptions.ts";
import { note, print, printJson } from "./runVerb.ts";
import { type Given, runWalletVerb, type WalletVerbOptions } from "./runWalletVerb.ts";

type Options = WalletVerbOptions & { readonly others?: boolean; readonly all?: boolean };

/** `weft revoke`: ends devices for ever. */
export function addRevoke(program: Command): void {
  withWalletOptions(program.command("revoke"))
    .description("End devices of your inbox for ever; needs your wallet only, no device that works.")
    .argument("[device...]", "keys, or their beginnings, as `weft devices` shows them")
    .option("--others", "all but this machine's")
    .option("--all", "all, this machine's too")
    .option("--json", "print JSON, one device a line")
    .addHelpText(
      "after",
      `
Examples:
  $ weft revoke 0x1f2e3d4c --as alice
  $ weft revoke --others --as alice
  $ weft revoke --all --data ./restored --rpc https://rpc.example --payer payer.key   (past the nodes)`,
    )
    .action((devices: string[], options: Options, command: Command) =>
      runWalletVerb({ command, options, act: (given) => revoke({ ...given, ...options, devices }) }),
    );
}

async function revoke(params: Given & Options & { devices: readonly string[] }): Promise<number> {
  const { place, json = false } = params;
  const { listInstallations, revokeInstallations } = await import("../../index.ts");
  const { devices } = params;
  // Whoever names whole keys needs no node to tell which there are.
  const isNamed = devices.length > 0 && devices.every((text) => /^0x[0-9a-f]{64}$/i.test(text));
  const listed = isNamed ? [] : (await listInstallations(place)).installations;
  const active = listed.filter((one) => one.revokedBlock === undefined);
  const installations = isNamed ? (devices as Hex[]) : chosenFrom({ ...params, active });
  if (installations.length > 0) note(`revoking ${installations.length} …`);
  const outcomes = await revokeInstallations({ ...place, installations });
  for (const outcome of outcomes) {
    if (json) printJson(outcome);
    else print(lineOf(outcome));
  }
  return outcomes.every(({ kind }) => kind === "revoked") ? 0 : 1;
}

function lineOf(outcome: Revoked): string {
  const { installation } = outcome;
  if (outcome.kind === "refused") return `${installation}  refused (${outcome.code}): ${outcome.hint}`;
  return `${installation}  revoked${outcome.isConfirmed ? "" : " (by one node's word)"}`;
}

/** Throws `bad-config` for what names none, or several. */
function chosenFrom(
  params: Pick<Given, "own"> &
    Options & { devices: readonly string[]; active: readonly InstallationSummary[] },
) {
  const { devices, others = false, all = false, own, active } = params;
  const keys = active.map(({ installation }) => installation);
  if (Number(others) + Number(all) + Number(devices.length > 0) !== 1) {
    throw wrong("say which devices", "Name some, or say `--others`, or `--all`; `weft devices` lists them.");
  }
  if (all) return keys;
  if (others && (own === undefined || !keys.some((key) => key === own))) {
    const hint = "Say `--all`, or name devices: `weft devices` lists them.";
    throw wrong("this machine has no device in the inbox, so there are no others", hint);
  }
  if (others) return keys.filter((key) => key !== own);
  return devices.map((text) => {
    const found = keys.filter((key) => key.startsWith(text.toLowerCase()));
    const [one] = found;
    if (one !== undefined && found.length === 1) return one;
    const what = found.length === 0 ? "no active device" : `${found.length} devices`;
    throw wrong(`${text} is the beginning of ${what}`, "`weft devices` lists them: name more of the key.");
  });
}

function wrong(message: string, hint: string): WeftError {
  return new WeftError({ code: "bad-config", message, hint });
}
