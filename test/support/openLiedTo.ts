import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { openClientOn } from "../../src/client/openClient.ts";
import type { Client } from "../../src/index.ts";
import { connectNode, type NodeConnection } from "../../src/rpc/connectNode.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { EMPTY_WORD, type IdentityStep } from "../../src/wire/identityStep.ts";
import type { Hex, InboxId } from "../../src/wire/ids.ts";
import type { TestNetwork } from "./startTestNetwork.ts";
import { temporaryDirectory } from "./temporaryDirectory.ts";
import { answerOf } from "./testHistory.ts";

export type LiedTo = AsyncDisposable & { readonly client: Client; readonly privateKey: Hex };

/** A client that reaches real nodes, of whose answers some are changed on the way. */
export async function openLiedTo(params: {
  network: TestNetwork;
  change: (api: NodeConnection) => Partial<NodeApi>;
  privateKey?: Hex;
}): Promise<LiedTo> {
  const { change, privateKey = generatePrivateKey() } = params;
  const { network } = params.network.chain;
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const client = stack.use(
    await openClientOn({
      database: await openDatabase({ path, kind: "client", network }),
      nodes: params.network.nodes.map(({ url }) => url),
      connect: ({ url }) => {
        const api = connectNode({ url });
        return { ...api, ...change(api) };
      },
      ...{
        wallet: privateKeyToAccount(privateKey),
        network,
        rotation: "off",
        consent: "allow",
        ownRoom: false,
        finalityBlocks: 8,
      },
    }),
  );
  const owned = stack.move();
  return { client, privateKey, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A node that tells of one inbox what it has made of the steps, word included; `told` counts how often. */
export function rewriteHistory(params: {
  victim: () => InboxId | undefined;
  rewrite: (steps: readonly IdentityStep[], inbox: InboxId) => readonly IdentityStep[];
}) {
  const { victim, rewrite } = params;
  let told = 0;
  const change = (api: NodeConnection): Partial<NodeApi> => ({
    getHistories: async ({ inboxes }, call) => {
      const answer = await api.getHistories({ inboxes }, call);
      const inbox = victim();
      const at = inboxes.findIndex((position) => position.inbox === inbox);
      const position = inboxes[at];
      if (inbox === undefined || position === undefined) return answer;
      const whole = await api.getHistories({ inboxes: [{ inbox, count: 0, word: EMPTY_WORD }] }, call);
      const steps = rewrite(whole.histories[0]?.steps ?? [], inbox);
      told++;
      return { ...answer, histories: answer.histories.with(at, answerOf({ inbox, steps, position })) };
    },
  });
  return { change, told: () => told };
}
