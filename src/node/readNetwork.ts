import { readFile } from "node:fs/promises";
import { parseDeployment } from "../chain/deploy/deployment.ts";
import { WeftError } from "../errors.ts";
import type { Network } from "../wire/network.ts";

/** Reads the network from an address file. Throws `bad-config`, `old-network`. */
export async function readNetwork(path: string | undefined): Promise<Network> {
  if (path === undefined) throw new WeftError({ code: "bad-config", message: "no address file is named" });
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new WeftError({ code: "bad-config", message: `the address file ${path} can't be read`, cause });
  }
  return parseDeployment(text);
}
