import { type Client, coreOf } from "./client.ts";
import { goOffline, goOnline } from "./goOnline.ts";

/** Cuts the client off from nodes and chain, or lets it back; database and outbox live on. */
export async function setOnline(params: { client: Client; online: boolean }): Promise<void> {
  const core = coreOf(params.client);
  if (params.online) goOnline(core);
  else await goOffline(core);
}
