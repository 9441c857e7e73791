import { type Command, Option } from "commander";

/** The options that everything has that talks for a person. */
export function withAccountOptions(command: Command): Command {
  return command
    .addOption(new Option("-a, --as <name>", "who you are on this machine").default("me"))
    .option("-d, --data <dir>", "where your wallet and messages lie (default: .weft/people/<name>)")
    .option(
      "--network <file>",
      "address file (default: that of the devnet that runs here, else the last used)",
    )
    .addOption(
      new Option(
        "--node <node>",
        "a node to talk by: a URL, or a number of the devnet's; repeatable",
      ).argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]),
    )
    .option(
      "--proxy <url>",
      "http://… or socks5://… that everything goes by, or `direct` (default: what HTTPS_PROXY, HTTP_PROXY and NO_PROXY say)",
    )
    .option("--rpc <url>", "go straight to the chain by this endpoint, past the nodes; needs --payer")
    .option("--payer <file>", "private key (32 bytes in hex) of the account that pays there");
}

/** The options that everything has besides that acts for an inbox by a wallet alone. */
export function withWalletOptions(command: Command): Command {
  return withAccountOptions(command)
    .option("--wallet <file>", "key file of the wallet that signs (default: your own)")
    .option("--inbox <id>", "the inbox to act for (default: the one that the wallet is in)");
}
