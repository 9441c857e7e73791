/**
 * Names that only the network knows in which they are asked for (RFC 6761, RFC 6762 with its appendix G, RFC 8375,
 * RFC 9476).
 */
const LOCAL_SUFFIXES = [
  ".local",
  ".localhost",
  ".localdomain",
  ".internal",
  ".intranet",
  ".private",
  ".corp",
  ".home",
  ".lan",
  ".home.arpa",
  ".test",
  ".invalid",
  ".alt",
  ".onion",
];

/**
 * True for a host that may be public by its name alone: a name with a dot, and no address. Which addresses it has is
 * for whoever connects to see.
 */
export function isPublicName(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  const isAddress = name.startsWith("[") || /^[\d.]+$/.test(name) || /(^|\.)0x[0-9a-f]*$/.test(name);
  return name.includes(".") && !isAddress && !LOCAL_SUFFIXES.some((suffix) => name.endsWith(suffix));
}
