import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { parseDeployment } from "../../src/chain/deploy/deployment.ts";
import { callRpc } from "../../src/devnet/callRpc.ts";
import { spawnNode } from "../../src/devnet/spawnNode.ts";
import { createGroup, sendMessage } from "../../src/index.ts";
import { type Address, asAddress } from "../../src/wire/ids.ts";
import { runWeft, type WeftRun } from "../cli/runWeft.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";
import { startTestnet } from "./startTestnet.ts";

/** A transaction deploys each of them. */
const CONTRACTS = 4;
const NODE_TIMEOUT_MS = 60_000;

const chain = await startTestnet();
const { rpcUrl, chainId } = chain;
const directory = await temporaryDirectory();
test.after(async () => {
  await chain[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

const deploymentDir = join(directory.path, "deployments");
const networkFile = join(deploymentDir, `${chainId}.json`);
const deployer = newAccount();
/** How much the deployer was told to get. */
let asked = "";

function newAccount() {
  const privateKey = generatePrivateKey();
  return { privateKey, address: asAddress(privateKeyToAccount(privateKey).address) };
}

/** Nothing of the machine's own environment or keystore; not as in CI either, where Hardhat has no keystore. */
const blank = { PATH: process.env.PATH, HOME: directory.path, XDG_CONFIG_HOME: directory.path };
const configured = { ...blank, WEFT_RPC_URL: rpcUrl, WEFT_DEPLOYER_KEY: deployer.privateKey };

function deploy(environment: NodeJS.ProcessEnv, ...more: readonly string[]): Promise<WeftRun> {
  const args = ["deploy", "--network", "testnet", "--out", deploymentDir, "--bond", "0.02"];
  return runWeft([...args, ...more], environment);
}

/** The fault that a run ended with: its message and, on the next line, its hint and code. */
function faultOf(run: WeftRun): string {
  assert.equal(run.code, 1, run.stderr);
  assert.equal(run.stdout, "");
  return run.stderr;
}

test("what is missing or wrong is said by name, with what to do, and nothing is sent", async (t) => {
  const { WEFT_DEPLOYER_KEY: _, ...keyless } = configured;
  const wrongKey = `${deployer.privateKey}00`;
  const cases: Record<string, { run: Promise<WeftRun>; says: RegExp[] }> = {
    "no RPC address": {
      run: deploy(blank),
      says: [/^error WEFT_RPC_URL is not set$/m, /hardhat keystore set WEFT_RPC_URL \(bad-config\)$/m],
    },
    "no key": {
      run: deploy(keyless),
      says: [/^error WEFT_DEPLOYER_KEY is not set$/m, /keystore set WEFT_DEPLOYER_KEY \(bad-config\)$/m],
    },
    "a malformed key": {
      run: deploy({ ...configured, WEFT_DEPLOYER_KEY: wrongKey }),
      says: [/^error WEFT_DEPLOYER_KEY is not a private key/m],
    },
    "another chain": {
      run: deploy(configured, "--chain-id", "421614"),
      says: [new RegExp(`is chain ${chainId}, not 421614$`, "m"), /--chain-id.*\(wrong-chain\)$/m],
    },
    "the chain of another network": {
      run: runWeft(["deploy", "--network", "arbitrum-sepolia", "--out", deploymentDir], {
        ...blank,
        ARBITRUM_SEPOLIA_RPC_URL: rpcUrl,
        ARBITRUM_SEPOLIA_DEPLOYER_KEY: deployer.privateKey,
      }),
      says: [new RegExp(`is chain ${chainId}, not 421614$`, "m"), /\(wrong-chain\)$/m],
    },
    "an unknown network": {
      run: runWeft(["deploy", "--network", "mainnet"], blank),
      says: [/no network mainnet in hardhat\.config\.ts; there are .*testnet/, /\(bad-config\)$/m],
    },
    "no network": {
      run: runWeft(["deploy"], blank),
      says: [/--network <name>.*--rpc <url>.*\(bad-config\)$/m],
    },
    "no such chain, its address secret": {
      run: deploy({ ...configured, WEFT_RPC_URL: "http://user:pass@127.0.0.1:9/key" }),
      says: [/^error no answer from http:\/\/127\.0\.0\.1:9$/m, /\(chain-unreachable\)$/m],
    },
    "an empty account": {
      run: deploy(configured),
      says: [
        new RegExp(`^error ${deployer.address} holds 0 of chain ${chainId}'s coin; .* up to 0\\.\\d+$`, "m"),
        new RegExp(`Send about 0\\.\\d+ to ${deployer.address} on chain ${chainId}.*\\(unfunded\\)$`, "m"),
      ],
    },
  };
  for (const [name, { run, says }] of Object.entries(cases)) {
    await t.test(name, async () => {
      const fault = faultOf(await run);
      for (const words of says) assert.match(fault, words);
      assert.ok(!fault.includes(deployer.privateKey.slice(2)), "the key is not shown");
      asked = /Send about (0\.\d+) to/.exec(fault)?.[1] ?? asked;
    });
  }
  assert.equal(await chain.sent(deployer.address), 0);
});

test("an account that runs dry between two runs is told apart from other failures", async () => {
  const genesis = await callRpc<{ hash: string }>({
    rpcUrl,
    method: "eth_getBlockByNumber",
    args: ["0x0", false],
  });
  const out = join(directory.path, "resumed");
  const journal = join(out, "ignition", "deployments", `chain-${chainId}-${genesis.hash.slice(2, 10)}-v2`);
  await mkdir(journal, { recursive: true });
  assert.match(faultOf(await deploy(configured, "--out", out)), /holds 0 of .*\n.*\(unfunded\)$/m);
});

test("the key may lie in Hardhat's keystore", async () => {
  const hardhat = fileURLToPath(new URL("cli.js", import.meta.resolve("hardhat")));
  const other = newAccount();
  const args = [hardhat, "keystore", "set", "--dev", "WEFT_DEPLOYER_KEY"];
  await new Promise<void>((resolve, reject) => {
    const child = execFile(process.execPath, args, { env: blank }, (error) =>
      error ? reject(error) : resolve(),
    );
    child.stdin?.end(`${other.privateKey}\n`);
  });
  assert.match(
    faultOf(await deploy({ ...blank, WEFT_RPC_URL: rpcUrl })),
    new RegExp(`^error ${other.address} holds 0`, "m"),
  );
});

test("with what the hint asks for, it deploys; the second run changes and sends nothing; it can be lived on", async (t) => {
  await chain.fund({ to: deployer.address, wei: parseEther(asked) });

  await t.test("the first run deploys", async () => {
    const { code, stdout, stderr } = await deploy(configured);
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      new RegExp(`^deploying to chain ${chainId}; ${deployer.address} pays at most 0\\.\\d+$`, "m"),
    );
    assert.match(stdout, new RegExp(`^address file +${networkFile}$`, "m"));
    assert.equal(await chain.sent(deployer.address), CONTRACTS);
  });

  await t.test("the second run does nothing", async () => {
    const written = await readFile(networkFile, "utf8");
    const { code, stdout, stderr } = await deploy(configured, "--json");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(JSON.parse(stdout), JSON.parse(written));
    assert.equal(await readFile(networkFile, "utf8"), written);
    assert.equal(await chain.sent(deployer.address), CONTRACTS);
  });

  await t.test("another bond is refused: the contracts are there", async () => {
    assert.match(faultOf(await deploy(configured, "--bond", "0.03")), /with a bond of 0\.02$/m);
  });

  await t.test("a node says what its operator needs, then runs; clients converse through it", async () => {
    const operator = newAccount();
    const data = join(directory.path, "node");
    const args = ["--network", networkFile, "--data", data, "--rpc", rpcUrl];
    const ports = ["--listen", "/ip4/127.0.0.1/tcp/0", "--http", "127.0.0.1:0"];
    const env = { WEFT_OPERATOR_KEY: operator.privateKey };
    const poor = await runWeft(["node", "start", ...args, ...ports], { ...blank, ...env });
    assert.match(
      poor.stderr,
      new RegExp(`Send 0\\.02 \\(the bond\\) .* ${operator.address} .*\\(unfunded\\)$`, "m"),
    );

    await chain.fund({ to: operator.address, wei: parseEther("0.05") });
    const logFile = join(directory.path, "node.log");
    const signal = AbortSignal.timeout(NODE_TIMEOUT_MS);
    const accounts = await runWeft(["node", "key", "--data", data, "--json"], { ...blank, ...env });
    const { relaying } = JSON.parse(accounts.stdout) as { relaying: Address };
    await chain.fund({ to: relaying, wei: parseEther("0.05") });
    await using node = await spawnNode({ args: [...args, ...ports], env, logFile, signal });
    const deployed = parseDeployment(await readFile(networkFile, "utf8"));
    const network = { chain: { network: deployed }, nodes: [node.addresses] };
    await using alice = await openTestClient({ network, name: "alice" });
    await using bob = await openTestClient({ network, name: "bob" });
    const { group, intent } = await createGroup({
      client: alice.client,
      name: "on a testnet",
      members: [bob.client.inbox],
    });
    assert.deepEqual(await intent.acknowledged, { kind: "delivered" });
    await until("Bob in the group", () => isMember(bob, group));
    await sendMessage({ client: alice.client, group, text: "good morning" });
    await until("Alice's message", async () => (await texts(bob, group)).includes("good morning"));
  });
});
