import { Option } from "commander";
import { type NodeSettings, nodeSettings } from "../../node/settings/nodeSettings.ts";

/** An option for a setting of a node; one with `…` in it may be given piece by piece. */
export function settingOption(name: keyof NodeSettings, flags: string): Option {
  const { about, env, fallback } = nodeSettings[name];
  const option = new Option(flags, `${about} (${fallback ? `${env}, default ${fallback}` : env})`);
  if (!flags.includes("…")) return option;
  return option.argParser((value: string, before: string | undefined) =>
    before === undefined ? value : `${before},${value}`,
  );
}
