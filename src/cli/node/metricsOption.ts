import { Option } from "commander";
import { WeftError } from "../../errors.ts";
import { readNodeSettings } from "../../node/settings/readNodeSettings.ts";

/** Where a node shows its operator how it is. */
export function metricsOption(): Option {
  return new Option(
    "--metrics <url>",
    "the node's metrics (default: where WEFT_METRICS says, on this machine)",
  );
}

/** Throws `bad-config` for what is no URL. */
export function metricsUrlOf({ metrics }: { metrics?: string }): string {
  if (metrics !== undefined) return parsed(metrics);
  const { metrics: place } = readNodeSettings({ chosen: {} });
  if (place === "off") {
    throw new WeftError({
      code: "bad-config",
      message: "WEFT_METRICS is off",
      hint: "Start the node with a metrics address, or name it by --metrics.",
    });
  }
  const { host, port } = place;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function parsed(url: string): string {
  if (URL.canParse(url) && /^https?:/.test(url)) return new URL(url).origin;
  throw new WeftError({
    code: "bad-config",
    message: `--metrics: ${url} is no URL`,
    hint: "Write it as http://127.0.0.1:7402.",
  });
}
