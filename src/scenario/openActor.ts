import { join } from "node:path";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { type Client, type OpenClientParams, openClient } from "../index.ts";
import { asAddress } from "../wire/ids.ts";
import { applySides } from "./applySides.ts";
import { personOf } from "./personOf.ts";
import type { Actor, Stage } from "./stage.ts";

/** Makes a client, by default with a wallet of its own; its first node is another one than its neighbour's. */
export async function openActor(params: {
  stage: Stage;
  name: string;
  index: number;
  wallet?: OpenClientParams["wallet"];
}): Promise<Actor> {
  const { stage, name, index, wallet = privateKeyToAccount(generatePrivateKey()) } = params;
  const { devnet, directory, signal } = stage;
  const urls = devnet.nodes.map((node) => node.addresses.url);
  const turn = index % urls.length;
  const open = async ({ online }: { online: boolean }): Promise<Client> => {
    const client = await openClient({
      directory: join(directory, encodeURIComponent(name)),
      wallet,
      nodes: [...urls.slice(turn), ...urls.slice(0, turn)],
      network: devnet.network,
      online,
      rotation: "off",
      ownRoom: stage.asking.has(personOf(name)),
      consent: stage.asking.has(personOf(name)) ? "ask" : "allow",
      witnesses: urls.length === 1 ? "one-operator" : [],
      signal,
    });
    await applySides({ devnet, client });
    return client;
  };
  const client = await open({ online: true });
  const address = asAddress(wallet.address);
  return { name, client, wallet, address, reopen: open, online: true, restarting: undefined };
}
