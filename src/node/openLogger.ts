import { type DestinationStream, destination, type Logger, pino, stdSerializers } from "pino";

/** Structured logs, one JSON object a line, on standard error: standard output is for what a command answers. */
export function openLogger(params: {
  level: string;
  /** Instead of standard error. */
  to?: DestinationStream;
}): Logger {
  const { level, to = destination({ fd: 2, sync: true }) } = params;
  const serializers = { err: stdSerializers.err, error: stdSerializers.err };
  return pino({ level, serializers, redact: SECRETS }, to);
}

/** Never logged on purpose; this is for the day when someone logs an object that holds one. */
const SECRETS = ["*.privateKey", "*.operator", "*.signingKey", "*.payload", "privateKey", "payload"];
