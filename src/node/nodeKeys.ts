import { chmod, mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { generateEd25519, generateP256 } from "#crypto";
import { generateSecp256k1PrivateKey } from "../crypto/secp256k1.ts";
import { WeftError } from "../errors.ts";
import { fromHex, type Hex, toHex } from "../wire/ids.ts";

/** What makes a node that node. Lost keys are a lost node: register another. */
export type NodeKeys = {
  /** libp2p: Ed25519 seed. */
  readonly peer: Uint8Array;
  /** Signs batches: P-256, 32 bytes. */
  readonly signing: Uint8Array;
  /** Registers the node and pays for transactions: secp256k1. */
  readonly operator: Hex;
};

const KEY_BYTES = 32;
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/**
 * Reads `node.json` of the data directory, or draws keys and writes it (readable for its owner only). An operator key
 * that is handed in is used in place of the stored one and not written. Throws `bad-config` for a malformed key,
 * `storage` if the file can't be read or written.
 */
export async function loadNodeKeys(params: {
  dataDir: string;
  operatorKey: string | undefined;
}): Promise<NodeKeys> {
  const path = join(params.dataDir, "node.json");
  const stored = (await readKeys(path)) ?? (await writeKeys(path));
  if (params.operatorKey === undefined) return stored;
  return { ...stored, operator: toHex(keyFrom(params.operatorKey, "the operator key")) };
}

async function readKeys(path: string): Promise<NodeKeys | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new WeftError({ code: "storage", message: `${path} can't be read`, cause });
  }
  // A file that was copied about may have lost its mode.
  await chmod(path, FILE_MODE);
  const { peer, signing, operator } = parseObject(text, path);
  return {
    peer: keyFrom(peer, `peer in ${path}`),
    signing: keyFrom(signing, `signing in ${path}`),
    operator: toHex(keyFrom(operator, `operator in ${path}`)),
  };
}

/** Complete or not at all, also through a crash. */
async function writeKeys(path: string): Promise<NodeKeys> {
  const keys = {
    peer: generateEd25519().privateKey,
    signing: generateP256().privateKey,
    operator: toHex(generateSecp256k1PrivateKey()),
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
