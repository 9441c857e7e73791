import { type Command, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import type { DeployParams } from "../chain/deploy/deploy.ts";
import { WeftError } from "../errors.ts";
import { shardsOption } from "./options.ts";
import { runAction } from "./runAction.ts";

/** Public RPCs count requests. */
const TESTNET_POLL_MS = 1_000;

type DeployOptions = {
  readonly network?: string;
  readonly rpc?: string;
  readonly out: string;
  readonly chainId?: number;
  readonly bond?: string;
  readonly shards?: number;
  readonly json?: boolean;
};

/** `weft deploy`: contracts on a chain that runs. */
export function addDeploy(program: Command): void {
  program
    .command("deploy")
    .description("Deploy the contracts and write the chain's address file; does nothing if they are there.")
    .addOption(
      new Option("--network <name>", "a network of hardhat.config.ts, which says whose key pays").conflicts(
        "rpc",
      ),
    )
    .option("--rpc <url>", "JSON-RPC address of a local chain, whose own first account pays")
    .option("--out <dir>", "where <chain id>.json goes", "deployments")
    .option("--chain-id <id>", "refuse any other chain", chainId)
    .option(
      "--bond <amount>",
      "what a node's operator leaves with the NodeRegistry, for ever (0.1 unless told)",
    )
    .addOption(shardsOption())
    .option("--json", "print the address file")
    .addHelpText("after", examples)
    .action((options: DeployOptions, command: Command) =>
      runAction({ command, act: (signal) => deploy({ options, signal }) }),
    );
}

const examples = `
Examples:
  $ weft deploy --rpc http://127.0.0.1:8545
  $ WEFT_RPC_URL=https://… WEFT_DEPLOYER_KEY=0x… weft deploy --network testnet
  $ npx hardhat keystore set WEFT_DEPLOYER_KEY      keeps the key encrypted instead`;

function chainId(value: string): number {
  if (/^[1-9]\d{0,15}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("a whole number");
}

async function deploy(params: { options: DeployOptions; signal: AbortSignal }): Promise<number> {
  const { options, signal } = params;
  const { deployContracts } = await import("../chain/deploy/deploy.ts");
  const { deploymentFileName } = await import("../chain/deploy/deployment.ts");
  const { formatAbout, parseCoin } = await import("../chain/submit/coin.ts");
  const { out: deploymentDir, bond } = options;
  const deployment = await deployContracts({
    ...(await targetOf(options)),
    deploymentDir,
    ...(options.chainId === undefined ? {} : { chainId: options.chainId }),
    ...(bond === undefined ? {} : { bondWei: parseCoin({ text: bond, what: "--bond" }) }),
    ...(options.shards === undefined ? {} : { shards: options.shards }),
    onBill: ({ chainId, payer, costWei }) => {
      const line = `deploying to chain ${chainId}; ${payer} pays at most ${formatAbout(costWei)}`;
      process.stderr.write(`${pc.dim(line)}\n`);
    },
    signal,
  });
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(deployment)}\n`);
    return 0;
  }
  const { formatTable } = await import("./formatTable.ts");
  const rows = Object.entries(deployment).map(([name, value]) => [name, String(value)]);
  rows.push(["address file", `${deploymentDir}/${deploymentFileName(deployment.chainId)}`]);
  process.stdout.write(`${formatTable(rows)}\n`);
  return 0;
}

/** Where to deploy, and who pays. */
async function targetOf(
  options: DeployOptions,
): Promise<Pick<DeployParams, "rpcUrl" | "privateKey" | "chainId" | "pollMs">> {
  if (options.rpc !== undefined) return { rpcUrl: options.rpc };
  if (options.network === undefined) {
    const hint =
      "Say `--network <name>` for a network of hardhat.config.ts, or `--rpc <url>` for a local chain.";
    throw new WeftError({ code: "bad-config", message: "no chain was named", hint });
  }
  const { readHardhatNetwork } = await import("../chain/deploy/readHardhatNetwork.ts");
  return { ...(await readHardhatNetwork({ name: options.network })), pollMs: TESTNET_POLL_MS };
}
