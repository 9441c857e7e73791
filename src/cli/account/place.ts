import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { formatDeployment, parseDeployment } from "../../chain/deploy/deployment.ts";
import { findDevnet } from "../../devnet/announceDevnet.ts";
import { WeftError } from "../../errors.ts";
import type { Network } from "../../index.ts";

/** How a person says who it is and where it wants to talk; all of it may be left out beside a running devnet. */
export type PlaceOptions = {
  readonly as: string;
  readonly data?: string;
  readonly network?: string;
  /** URLs, or numbers of the running devnet's nodes. */
  readonly node?: readonly string[];
  /** As `openClient` takes it. */
  readonly proxy?: string;
  /** The chain's own endpoint, and the file with the key of the account that pays there: both or neither. */
  readonly rpc?: string;
  readonly payer?: string;
};

export type Place = {
  /** What others on this machine call this person. */
  readonly name: string;
  /** Of the person: the wallet, and a folder for each network. */
  readonly directory: string;
  /** Of the person on this network. */
  readonly home: string;
  readonly network: Network;
  /** To start from. */
  readonly nodes: readonly string[];
  /** The first that was asked for by `--node`. */
  readonly preferred: string | undefined;
  /** Of the running devnet, node 1 first; empty on other networks. */
  readonly devnetNodes: readonly string[];
};

const WEFT_DIRECTORY = ".weft";
const DIRECTORY_MODE = 0o700;
const LAST_NETWORK = "network.json";

/**
 * Finds out who talks where: on the network that was named, else on the devnet that runs here, else on the one that
 * this person used last. Throws `bad-config`.
 */
export async function findPlace(options: PlaceOptions): Promise<Place> {
  const name = checkName(options.as);
  const directory = resolve(options.data ?? join(WEFT_DIRECTORY, "people", name));
  const devnet = await findDevnet({ directory: WEFT_DIRECTORY });
  const network = await findNetwork({ options, directory, devnetFile: devnet?.networkFile });
  const home = join(directory, folderOf(network));
  await mkdir(home, { recursive: true, mode: DIRECTORY_MODE });
  await writeFile(join(directory, LAST_NETWORK), formatDeployment(network));
  const isDevnet =
    devnet !== undefined && folderOf(await readNetwork(devnet.networkFile)) === folderOf(network);
  const devnetNodes = isDevnet ? devnet.nodes : [];
  const asked = (options.node ?? []).map((text) => nodeUrl({ text, devnetNodes }));
  const nodes = asked.length > 0 ? asked : devnetNodes;
  return { name, directory, home, network, nodes, preferred: asked[0], devnetNodes };
}

/** A node's URL from what a person typed: the URL, or a number of the running devnet's nodes. Throws `bad-config`. */
export function nodeUrl(params: { text: string; devnetNodes: readonly string[] }): string {
  const { text, devnetNodes } = params;
  const numbered = /^\d+$/.test(text) ? devnetNodes[Number(text) - 1] : undefined;
  if (numbered !== undefined) return numbered;
  if (/^https?:/.test(text) && URL.canParse(text)) return text;
  const numbers = devnetNodes.length > 0 ? `, or a number from 1 to ${devnetNodes.length}` : "";
  throw new WeftError({
    code: "bad-config",
    message: `no node is called ${text}`,
    hint: `Give a node's URL${numbers}.`,
  });
}

/** Databases belong to one network for good. */
function folderOf({ chainId, genesisHash, commitLog }: Network): string {
  return `${chainId}-${genesisHash.slice(2, 10)}-${commitLog.slice(2, 10)}`;
}

async function findNetwork(params: {
  options: PlaceOptions;
  directory: string;
  devnetFile: string | undefined;
}): Promise<Network> {
  const named = params.options.network ?? params.devnetFile;
  if (named !== undefined) return await readNetwork(named);
  const last = join(params.directory, LAST_NETWORK);
  return await readNetwork(last).catch(() => {
    throw new WeftError({
      code: "bad-config",
      message: "no devnet runs here, and no network was named",
      hint: "Start one with `npm run weft -- devnet` in the same folder, or say `--network <address file> --node <URL>`.",
    });
  });
}

async function readNetwork(path: string): Promise<Network> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const hint = "Check the path; `weft deploy` and `weft devnet` write address files.";
    throw new WeftError({ code: "bad-config", message: `${path} can't be read`, hint, cause });
  }
  return parseDeployment(text);
}

/** It names a folder. */
function checkName(name: string): string {
  if (/^[\p{L}\p{N}_-][\p{L}\p{N}_.-]{0,31}$/u.test(name)) return name;
  throw new WeftError({
    code: "bad-config",
    message: `not a name: ${JSON.stringify(name)}`,
    hint: "A name has up to 32 letters, digits, dots, dashes and underscores.",
  });
}
