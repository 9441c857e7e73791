import { type Client, coreOf } from "./client.ts";
import { goOffline, goOnline } from "./goOnline.ts";

/** Cuts the client off from nodes and chain, or lets it back; database and outbox live on. */
export async function setOnline(params: { client: Client; online: boolean }): Promise<void> {
  const core = coreOf(params.client);
  core.wantsOnline = params.online;
  // What an earlier call began comes to its end first, too.
  if (!core.recovery && (!params.online || !core.online)) await goOffline(core);
  if (core.recovery) await core.recovery;
  else if (core.wantsOnline && !core.closing.signal.aborted) goOnline(core);
}
