/** The environment of this process. No other file of src reads it, so that all that it can change is found from here. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

const PROXY_VARIABLES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/** What the environment says of proxies, in both spellings. */
export function readProxyEnvironment(): Readonly<Record<string, string | undefined>> {
  const environment = readEnvironment();
  const names = PROXY_VARIABLES.flatMap((name) => [name, name.toUpperCase()]);
  return Object.fromEntries(names.map((name) => [name, environment[name]]));
}
