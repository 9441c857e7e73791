import { type DestinationStream, destination, type Logger, pino, stdSerializers } from "pino";

/** Structured logs, one JSON object a line, on standard error: standard output is for what a command answers. */
export function openLogger(params: {
  level: string;
  /** Instead of standard error. */
  to?: DestinationStream;
}): Logger {
  const { level, to = standardError() } = params;
  const serializers = { err: stdSerializers.err, error: stdSerializers.err };
  return pino({ level, serializers, redact: SECRETS }, to);
}

/** What can't be written, as on a full disk, is lost; that it can't be told ends no node. */
function standardError(): DestinationStream {
  const to = destination({ fd: 2, sync: true });
  to.on("error", () => undefined);
  return to;
}

/** Never logged on purpose; this is for the day when someone logs an object that holds one. */
const SECRETS = ["*.privateKey", "*.operator", "*.signingKey", "*.payload", "privateKey", "payload"];
