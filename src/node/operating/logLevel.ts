import type { Logger } from "pino";

const LEVELS = ["trace", "debug", "info", "warn", "error", "silent"];

/** Reads and changes how much a running node logs. */
export type LogLevel = {
  readonly get: () => string;
  /** Sets the level; false: there is none of that name. */
  readonly set: (level: string) => boolean;
};

/** Gives one level to several loggers: a child logger keeps the one that it was made with. */
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
