import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomBytes } from "#crypto";
import { inboxOf } from "../../src/chain/layout/inboxIdOf.ts";
import type { NodeConnection } from "../../src/rpc/connectNode.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import type { IdentityAction } from "../../src/wire/identityAction.ts";
import type { IdentityStep } from "../../src/wire/identityStep.ts";
import { asId, type InboxId, type NodeId, toHex } from "../../src/wire/ids.ts";
import { historyOf } from "../support/historyOf.ts";
import { lyingHistories } from "../support/lyingHistories.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { startLyingNode } from "../support/startLyingNode.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { until } from "../support/until.ts";

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 3 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

type Founding = IdentityAction & { readonly kind: "create-inbox" };
/** What the liar knows of the registration that it was to relay. */
type Taken = { action?: Founding };
type Told = Pick<NodeApi, "getWallet" | "getHistories" | "relayIdentity">;
type Lie = (api: NodeConnection, taken: Taken) => Partial<Told>;

/** Takes the registration, does not relay it, and serves it as if it were on the chain. */
const asIfLanded =
  (change: (step: IdentityStep) => IdentityStep): Lie =>
  (api, taken) => ({
    relayIdentity: async (action, call) => {
      if (action.kind !== "create-inbox") return await api.relayIdentity(action, call);
      taken.action = action;
      return { kind: "submitted", transaction: toHex(randomBytes(32)) };
    },
    getHistories: async (params, call) => {
      const { action } = taken;
      if (!action) return await api.getHistories(params, call);
      const landed = (head: BlockRef) => change(stepOf(action, head));
      const inbox = inboxOf(action);
      const lies = lyingHistories({ inbox, change: (steps, head) => [...steps, landed(head)] })(api);
      return await (lies.getHistories ?? api.getHistories)(params, call);
    },
  });

function stepOf(action: Founding, { number: block, time }: BlockRef): IdentityStep {
  const { kind, salt, installation, installationSignature, wallet: by } = action;
  const { signer: wallet, ...consent } = by;
  return { kind, block, time, salt, installation, installationSignature, wallet, consent };
}

const lies: Readonly<Record<string, Lie>> = {
  "that the wallet has to sign another nonce": (api) => ({
    getWallet: async (params, call) => {
      const { nonce, ...state } = await api.getWallet(params, call);
      return { ...state, nonce: nonce + 5n };
    },
  }),
  "that the wallet is in an inbox": (api) => ({
    getWallet: async (params, call) => {
      const inbox = asId<InboxId>(randomBytes(32));
      return { ...(await api.getWallet(params, call)), inbox };
    },
  }),
  "that the installation is listed": asIfLanded((step) => step),
  "that the installation is void": asIfLanded((step) =>
    step.kind === "create-inbox" ? { ...step, installationSignature: randomBytes(64) } : step,
  ),
  "that nothing is listed": (api) => ({
    getHistories: async (params, call) => {
      const { head, histories } = await api.getHistories(params, call);
      const nothing = { from: 0, steps: [], count: 0, word: toHex(new Uint8Array(32)) };
      return { head, histories: histories.map(() => nothing) };
    },
  }),
};

for (const [what, lie] of Object.entries(lies)) {
  test(`whoever is new is registered though the node that it asks says ${what}`, async () => {
    await using stack = new AsyncDisposableStack();
    let liar: NodeId | undefined;
    const taken: Taken = {};
    const nodes = await Promise.all(network.nodes.map((node) => startLyingNode({ node })));
    for (const one of nodes) {
      stack.use(one);
      one.lie((api) => {
        const lied = lie(api, taken);
        /** Whichever is asked first, from then on. */
        const isLiar = (): boolean => {
          liar ??= one.nodeId;
          return liar === one.nodeId;
        };
        const said: Told = {
          getWallet: (...args) => ((isLiar() && lied.getWallet) || api.getWallet)(...args),
          getHistories: (...args) => ((isLiar() && lied.getHistories) || api.getHistories)(...args),
          relayIdentity: (...args) =>
            ((liar === one.nodeId && lied.relayIdentity) || api.relayIdentity)(...args),
        };
        return said;
      });
    }
    const { client } = stack.use(await openTestClient({ network: { chain: network.chain, nodes } }));
    const [honest] = network.nodes;
    assert.ok(honest && liar !== undefined);
    const place = { network: network.chain.network, api: honest.api, inbox: client.inbox };
    await until("it is on the chain", async () => {
      const { installations = [] } = (await historyOf(place)) ?? {};
      return installations.some(({ installation }) => installation === client.installation);
    });
    assert.equal((await historyOf(place))?.installations.length, 1);
  });
}
