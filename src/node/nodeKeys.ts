import { chmod, mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { generateEd25519, generateP256 } from "#crypto";
import { generateSecp256k1PrivateKey } from "../crypto/secp256k1.ts";
import { WeftError } from "../errors.ts";
import { fromHex, type Hex, toHex } from "../wire/ids.ts";

/** The keys that make a node that node. Lost keys are a lost node: register another. */
export type NodeKeys = {
  /** Names the node in libp2p: Ed25519 seed. */
  readonly peer: Uint8Array;
  /** Signs batches: P-256, 32 bytes. */
  readonly signing: Uint8Array;
  /** Registers the node and pays for what it does itself: secp256k1. */
  readonly operator: Hex;
  /** Pays for what clients have relayed: secp256k1, never the operator's. */
  readonly relay: Hex;
};

const KEY_BYTES = 32;
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/**
 * Reads `node.json` of the data directory, or draws keys and writes it (readable for its owner only); a relaying key is
 * added to a file of an earlier version. A key of an account that is handed in is used in place of the stored one and
 * not written. Throws `bad-config` for a malformed key, or one for both accounts, `storage` if the file can't be read or
 * written.
 */
export async function loadNodeKeys(params: {
  dataDir: string;
  operatorKey: string | undefined;
  relayKey: string | undefined;
}): Promise<NodeKeys> {
  const { dataDir, operatorKey, relayKey } = params;
  const path = join(dataDir, "node.json");
  const found = await readKeys(path);
  const stored = found?.relay === undefined ? await writeKeys(path, found) : { ...found, relay: found.relay };
  const keys = {
    ...stored,
    ...(operatorKey === undefined ? {} : { operator: toHex(keyFrom(operatorKey, "the operator key")) }),
    ...(relayKey === undefined ? {} : { relay: toHex(keyFrom(relayKey, "the relaying key")) }),
  };
  if (keys.operator !== keys.relay) return keys;
  const message =
    "WEFT_RELAY_KEY: the relaying account is the operator's, which has to pay for the node itself";
  throw new WeftError({ code: "bad-config", message });
}

type StoredKeys = Omit<NodeKeys, "relay"> & { readonly relay: Hex | undefined };

async function readKeys(path: string): Promise<StoredKeys | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new WeftError({ code: "storage", message: `${path} can't be read`, cause });
  }
  // A file that was copied about may have lost its mode.
  await chmod(path, FILE_MODE);
  const { peer, signing, operator, relay } = parseObject(text, path);
  return {
    peer: keyFrom(peer, `peer in ${path}`),
    signing: keyFrom(signing, `signing in ${path}`),
    operator: toHex(keyFrom(operator, `operator in ${path}`)),
    relay: relay === undefined ? undefined : toHex(keyFrom(relay, `relay in ${path}`)),
  };
}

/** Writes the whole file or nothing, also through a crash. */
async function writeKeys(path: string, known: StoredKeys | undefined): Promise<NodeKeys> {
  const keys = {
    peer: known?.peer ?? generateEd25519().privateKey,
    signing: known?.signing ?? generateP256().privateKey,
    operator: known?.operator ?? toHex(generateSecp256k1PrivateKey()),
    relay: toHex(generateSecp256k1PrivateKey()),
  };
  const text = JSON.stringify({ ...keys, peer: toHex(keys.peer), signing: toHex(keys.signing) });
  try {
    await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
    await using file = await open(`${path}.new`, "w", FILE_MODE);
    await file.writeFile(`${text}\n`);
    await file.sync();
    await rename(`${path}.new`, path);
  } catch (cause) {
    throw new WeftError({ code: "storage", message: `${path} can't be written`, cause });
  }
  return keys;
}

function parseObject(text: string, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // told below: the parser's words might quote a key
  }
  throw new WeftError({ code: "bad-config", message: `${path} is not a node's key file` });
}

function keyFrom(value: unknown, what: string): Uint8Array {
  if (typeof value === "string" && /^0x[0-9a-fA-F]{64}$/.test(value)) return fromHex(value);
  throw new WeftError({ code: "bad-config", message: `${what} is not a key of ${KEY_BYTES} bytes in hex` });
}
