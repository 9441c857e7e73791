import { chmod, mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Wallet } from "../../chain/sign/wallet.ts";
import { walletFromKey } from "../../chain/sign/walletFromKey.ts";
import { generateSecp256k1PrivateKey } from "../../crypto/secp256k1.ts";
import { WeftError } from "../../errors.ts";
import { type Hex, toHex } from "../../wire/ids.ts";

const FILE = "wallet.key";
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/**
 * The wallet of a data directory: `wallet.key`, a private key in hex that only its owner may read; drawn if there is
 * none yet. Throws `bad-config` for a malformed file, `storage` if it can't be read or written.
 */
export async function loadWallet(directory: string): Promise<Wallet> {
  const path = join(directory, FILE);
  return walletOf({ path, key: (await readKey(path)) ?? (await writeKey(path)) });
}

/** As `loadWallet`, but draws none. Throws `bad-config` if there is none. */
export async function readWallet(directory: string): Promise<Wallet> {
  const path = join(directory, FILE);
  const key = await readKey(path);
  if (key !== undefined) return walletOf({ path, key });
  const hint =
    "Name the folder in which it lies by `--as` or `--data`, or put the key there (32 bytes in hex).";
  throw new WeftError({ code: "bad-config", message: `there is no wallet at ${path}`, hint });
}

/** The wallet whose private key a file holds. Throws `bad-config` if there is none, or it is malformed. */
export async function readWalletFile(path: string): Promise<Wallet> {
  const key = await readKey(path);
  if (key !== undefined) return walletOf({ path, key });
  const hint = "Name a file that holds a wallet's private key (32 bytes in hex, with 0x).";
  throw new WeftError({ code: "bad-config", message: `there is no wallet at ${path}`, hint });
}

function walletOf({ path, key }: { path: string; key: string }): Wallet {
  if (!/^0x[0-9a-fA-F]{64}$/.test(key)) {
    const hint = "It holds a private key of 32 bytes in hex, with 0x.";
    throw new WeftError({ code: "bad-config", message: `${path} is not a wallet's key file`, hint });
  }
  return walletFromKey(key as Hex);
}

async function readKey(path: string): Promise<string | undefined> {
  try {
    const key = (await readFile(path, "utf8")).trim();
    // A file that was copied about may have lost its mode.
    await chmod(path, FILE_MODE);
    return key;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new WeftError({ code: "storage", message: `${path} can't be read`, cause });
  }
}

/** Complete or not at all, also through a crash. */
async function writeKey(path: string): Promise<string> {
  const key = toHex(generateSecp256k1PrivateKey());
  try {
    await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
    await using file = await open(`${path}.new`, "w", FILE_MODE);
    await file.writeFile(`${key}\n`);
    await file.sync();
    await rename(`${path}.new`, path);
  } catch (cause) {
    throw new WeftError({ code: "storage", message: `${path} can't be written`, cause });
  }
  return key;
}
