import { readFile } from "node:fs/promises";
import { WeftError } from "../../errors.ts";
import type { Hex, OwnChain } from "../../index.ts";
import type { PlaceOptions } from "./place.ts";

/**
 * The way to the chain that `--rpc` and `--payer` name, for as long as the command runs; undefined without them.
 * Throws `bad-config` if one is there without the other, or the file has no key.
 */
export async function loadPayer({
  rpc,
  payer,
}: Pick<PlaceOptions, "rpc" | "payer">): Promise<OwnChain | undefined> {
  if (rpc === undefined && payer === undefined) return undefined;
  if (rpc === undefined || payer === undefined) {
    const hint =
      "Name the chain's endpoint and the key file of the account that pays: `--rpc <url> --payer <file>`.";
    throw new WeftError({ code: "bad-config", message: "--rpc and --payer go together", hint });
  }
  return { rpcUrl: rpc, account: await readKey(payer) };
}

async function readKey(path: string): Promise<Hex> {
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (cause) {
    throw new WeftError({ code: "bad-config", message: `--payer: ${path} can't be read`, cause });
  }
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text as Hex;
  const hint = "It holds a private key of 32 bytes in hex, with 0x.";
  throw new WeftError({ code: "bad-config", message: `--payer: ${path} is not a key file`, hint });
}
