/**
 * Invites somebody to a new group, says one thing and waits for one answer.
 *
 *   node examples/say-hello.ts <address file> <node URL> <inbox id or wallet address> [text]
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import {
  type Client,
  createGroup,
  type GroupId,
  type Hex,
  messages,
  type Network,
  openClient,
  sendMessage,
} from "../src/index.ts";

const PATIENCE_MS = 60_000;

const [networkFile, node, friend, text = "hello"] = process.argv.slice(2);
if (!networkFile || !node || !friend) {
  console.error(
    "usage: node examples/say-hello.ts <address file> <node URL> <inbox id or wallet address> [text]",
  );
  process.exit(2);
}
const directory = mkdtempSync(join(tmpdir(), "weft-hello-"));
try {
  await using client = await openClient({
    directory,
    wallet: privateKeyToAccount(generatePrivateKey()),
    nodes: [node],
    network: JSON.parse(readFileSync(networkFile, "utf8")) as Network,
  });
  const { group, intent } = await createGroup({ client, name: "Hello", members: [friend as Hex] });
  const created = await intent.acknowledged;
  if (created.kind === "failed") throw new Error(`the group was not created: ${created.reason}`);
  const answer = nextAnswer({ client, group });
  await sendMessage({ client, group, text });
  console.log((await answer) ?? "no answer");
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** The first text of somebody else; undefined if none comes in time. */
async function nextAnswer(params: { client: Client; group: GroupId }): Promise<string | undefined> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for await (const { text } of messages({ ...params, signal })) return text;
  return undefined;
}
