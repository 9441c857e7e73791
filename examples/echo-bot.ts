/**
 * A bot that repeats what it hears in every group that it is invited to.
 *
 *   node examples/echo-bot.ts <address file> <node URL> [directory]
 *
 * `npm start` prints an address file and node URLs. A network of one operator has to be believed from configuration:
 * add `witnesses: "one-operator"` there. The bot prints its inbox id: invite it with
 * examples/say-hello.ts. Started again with the same directory it is the same installation, in the same groups.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { type Client, type Hex, messages, type Network, openClient, sendMessage } from "../src/index.ts";

const PREFIX = "echo: ";

const [networkFile, node, directory = "echo-bot"] = process.argv.slice(2);
if (!networkFile || !node) {
  console.error("usage: node examples/echo-bot.ts <address file> <node URL> [directory]");
  process.exit(2);
}
const stopping = new AbortController();
process.once("SIGINT", () => stopping.abort());
process.once("SIGTERM", () => stopping.abort());

mkdirSync(directory, { recursive: true });
await using client = await openClient({
  directory: join(directory, "database"),
  wallet: privateKeyToAccount(walletKey(join(directory, "wallet.key"))),
  nodes: [node],
  network: JSON.parse(readFileSync(networkFile, "utf8")) as Network,
});
console.log(`inbox ${client.inbox}`);
await repeatAll({ client, signal: stopping.signal });

/** Answers each message, also those that came while the bot was away; whatever starts with the prefix is left alone, so that two bots don't talk for ever. */
async function repeatAll(params: { client: Client; signal: AbortSignal }): Promise<void> {
  const { client, signal } = params;
  for await (const { id, group, author, text } of messages({ client, consumer: "echo", since: 0, signal })) {
    if (text?.startsWith(PREFIX)) continue;
    console.log(`${author.slice(0, 10)}: ${text}`);
    const { settled } = await sendMessage({ client, group, text: `${PREFIX}${text}`, replyTo: id });
    settled.then(
      (outcome) => outcome.kind === "failed" && console.error(`not delivered: ${outcome.reason}`),
      () => console.error("closed before it was delivered; it goes out at the next start"),
    );
  }
}

/** The wallet that owns the bot's inbox; any viem account would do. */
function walletKey(file: string): Hex {
  if (!existsSync(file)) writeFileSync(file, generatePrivateKey(), { mode: 0o600 });
  return readFileSync(file, "utf8") as Hex;
}
