import { readEnvironment } from "../../config.ts";
import { WeftError } from "../../errors.ts";
import { type NodeSettings, nodeSettings, type SettingName } from "./nodeSettings.ts";
import type { Setting } from "./setting.ts";

/**
 * Reads a node's settings: what the caller says, else the environment, else the default; all written as in the
 * environment. Throws `bad-config` with a message that names the setting.
 */
export function readNodeSettings(params: {
  chosen: Partial<Record<SettingName, string | undefined>>;
  environment?: Readonly<Record<string, string | undefined>>;
}): NodeSettings {
  const { chosen, environment = readEnvironment() } = params;
  const entries = Object.entries(nodeSettings).map(([name, setting]) => {
    const written = chosen[name as SettingName] ?? environment[setting.env] ?? setting.fallback;
    return [name, written === undefined ? undefined : parsed({ setting, written })];
  });
  return Object.fromEntries(entries) as NodeSettings;
}

function parsed(params: { setting: Setting<unknown>; written: string }): unknown {
  const { setting, written } = params;
  try {
    return setting.parse(written);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WeftError({
      code: "bad-config",
      message: `${setting.env}: ${why}`,
      hint: `${setting.env} is: ${setting.about}.`,
      cause,
    });
  }
}
