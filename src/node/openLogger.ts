import { type DestinationStream, destination, type Logger, pino, stdSerializers } from "pino";

/** Opens a structured log, one JSON object a line, on standard error: standard output is for what a command answers. */
export function openLogger(params: {
  level: string;
  /** Where to write instead of standard error. */
  to?: DestinationStream;
}): Logger {
  const { level, to = standardError() } = params;
  const serializers = { err: stdSerializers.err, error: stdSerializers.err };
  return pino({ level, serializers, redact: SECRETS }, to);
}

/** A line that can't be written, as on a full disk, is lost: that ends no node. */
function standardError(): DestinationStream {
  const to = destination({ fd: 2, sync: true });
  to.on("error", () => undefined);
  return to;
}

/** Secrets are never logged on purpose; these names are for the day when someone logs an object that holds one. */
const SECRETS = ["*.privateKey", "*.operator", "*.signingKey", "*.payload", "privateKey", "payload"];
