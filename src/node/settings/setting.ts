/** One setting: its name in the environment, its default as it would be written there, what it means. */
export type Setting<T> = {
  readonly env: string;
  readonly fallback: string | undefined;
  readonly about: string;
  readonly parse: (text: string) => T;
};

const FOREVER = "forever";

export function text(env: string, fallback: string, about: string): Setting<string> & { fallback: string };
export function text(
  env: string,
  fallback: undefined,
  about: string,
): Setting<string> & { fallback: undefined };
export function text(env: string, fallback: string | undefined, about: string): Setting<string> {
  return { env, fallback, about, parse: (written) => written };
}

export function optional(env: string, about: string): Setting<string> & { fallback: undefined } {
  return { env, fallback: undefined, about, parse: (written) => written };
}

export function list(
  env: string,
  fallback: string,
  about: string,
): Setting<readonly string[]> & { fallback: string } {
  return {
    env,
    fallback,
    about,
    parse: (written) =>
      written
        .split(",")
        .map((item) => item.trim())
        .filter(Boolean),
  };
}

export function count(env: string, fallback: string, about: string): Setting<number> & { fallback: string } {
  return { env, fallback, about, parse: wholeNumber };
}

/** A number of days; `forever` is infinite. */
export function days(env: string, fallback: string, about: string): Setting<number> & { fallback: string } {
  const parse = (written: string): number => {
    return written === FOREVER ? Number.POSITIVE_INFINITY : wholeNumber(written);
  };
  return { env, fallback, about, parse };
}

export function markOnDisk(env: string, about: string): Setting<number | "auto"> & { fallback: string } {
  const parse = (written: string) => (written === "auto" ? written : wholeNumber(written));
  return { env, fallback: "auto", about, parse };
}

export function fraction(
  env: string,
  fallback: string,
  about: string,
): Setting<number> & { fallback: string } {
  const parse = (written: string): number => {
    const value = Number(written);
    if (value >= 0 && value <= 1) return value;
    throw new Error(`a number from 0 to 1, not ${written}`);
  };
  return { env, fallback, about, parse };
}

export function shardsSetting(
  env: string,
  fallback: string,
  about: string,
): Setting<readonly number[] | "all"> & { fallback: string } {
  const parse = (written: string) => (written.trim() === "all" ? "all" : written.split(",").flatMap(runOf));
  return { env, fallback, about, parse };
}

/** Reads one shard, or a run of them. */
function runOf(written: string): number[] {
  const [, first, last = first] = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(written.trim()) ?? [];
  if (first === undefined || Number(last) < Number(first)) {
    throw new Error(`shards as 0,3,8-11, or all, not ${written}`);
  }
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i);
}

type HostAndPort = { readonly host: string; readonly port: number };

export function hostAndPort(
  env: string,
  fallback: string,
  about: string,
): Setting<HostAndPort> & { fallback: string } {
  return { env, fallback, about, parse: parseHostAndPort };
}

export function hostAndPortOrOff(
  env: string,
  fallback: string,
  about: string,
): Setting<HostAndPort | "off"> & { fallback: string } {
  const parse = (written: string) => (written === "off" ? written : parseHostAndPort(written));
  return { env, fallback, about, parse };
}

function parseHostAndPort(written: string): HostAndPort {
  const [, host, port] = /^(?:\[?([0-9a-zA-Z.:-]+?)\]?):(\d+)$/.exec(written) ?? [];
  if (host === undefined || Number(port) > 65_535) throw new Error(`host:port, not ${written}`);
  return { host, port: Number(port) };
}

export function choice<const Name extends string>(
  env: string,
  names: readonly [Name, ...Name[]],
  about: string,
): Setting<Name> & { fallback: string } {
  const parse = (written: string): Name => {
    const found = names.find((name) => name === written);
    if (found === undefined) throw new Error(`${names.join(" or ")}, not ${written}`);
    return found;
  };
  return { env, fallback: names[0], about: `${about}: ${names.join(" or ")}`, parse };
}

function wholeNumber(written: string): number {
  const value = Number(written);
  if (/^\d+$/.test(written) && Number.isSafeInteger(value)) return value;
  throw new Error(`a whole number, not ${written}`);
}
