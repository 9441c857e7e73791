import type { Logger } from "pino";

const LEVELS = ["trace", "debug", "info", "warn", "error", "silent"];

/** How much a node logs, as long as it runs. */
export type LogLevel = {
  readonly get: () => string;
  /** False for what is no level. */
  readonly set: (level: string) => boolean;
};

/** @param loggers that share a level: a child keeps the one that it was made with. */
export function logLevelOf(loggers: readonly [Logger, ...Logger[]]): LogLevel {
  const [first] = loggers;
  return {
    get: () => first.level,
    set: (level) => {
      if (!LEVELS.includes(level)) return false;
      for (const logger of loggers) logger.level = level;
      return true;
    },
  };
}
