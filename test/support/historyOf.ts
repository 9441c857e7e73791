import { fetchHistories } from "../../src/client/nodes/fetchHistories.ts";
import type { InboxHistory } from "../../src/identity/inboxHistory.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import type { InboxId } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";

/** What a node serves of an inbox, replayed; undefined if the chain does not know it. */
export async function historyOf(params: {
  network: Network;
  api: Pick<NodeApi, "getHistories">;
  inbox: InboxId;
}): Promise<InboxHistory | undefined> {
  const known = () => ({ history: undefined, keyWallets: [] });
  const { signal } = new AbortController();
  const asked = { ...params, inboxes: [params.inbox], known, finalityBlocks: 0, block: 0, signal };
  for await (const { fetched } of fetchHistories(asked)) return fetched[0]?.history;
  return undefined;
}
