import { WeftError } from "../../src/errors.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { asAddress, asId, fromHex, type Hex, type NodeId } from "../../src/wire/ids.ts";
import { everyKindOfStep } from "../support/everyKindOfStep.ts";

export const head = { number: 7, hash: hex(0xaa), time: 1_700_000_000 };
const database: Hex = `0x${"0d".repeat(16)}`;
export const watermark = {
  cursor: { database, offset: 41n },
  vector: [
    { log: { node: hex(1) as NodeId, generation: 2n, shard: 0 }, floor: 0n, next: 9n, headerHash: hex(3) },
    { log: { node: hex(2) as NodeId, generation: 1n, shard: 0 }, floor: 4n, next: 4n, headerHash: undefined },
  ],
};

/** An API that answers from its parameters, so that a round trip through both halves shows what each kept. */
export function echoApi(overrides: Partial<NodeApi> = {}): NodeApi {
  const refuse = (): never => {
    throw new WeftError({ code: "internal", message: "not part of this test" });
  };
  return {
    getNode: async () => ({
      node: hex(1) as NodeId,
      peerId: "12D3KooW",
      multiaddrs: ["/ip4/127.0.0.1/tcp/1"],
      httpAddress: "http://127.0.0.1:2",
      chainId: 31_337,
      commitLog: asAddress(`0x${"11".repeat(20)}`),
      identityRegistry: asAddress(`0x${"22".repeat(20)}`),
      nodeRegistry: asAddress(`0x${"33".repeat(20)}`),
      database,
      head,
      peers: 2,
      ready: true,
      notReadyReason: "",
      version: "0.1.0",
      logs: watermark.vector,
      shards: 2n ** 255n + 5n,
    }),
    listNodes: refuse,
    publish: async ({ envelopes }) =>
      envelopes.map(() => ({ kind: "refused", code: "unknown-head", hint: "block 7" })),
    query: async () => ({ envelopes: [], watermark, more: false }),
    subscribe: refuse,
    updateSubscription: refuse,
    hasEnvelopes: async ({ hashes }) => hashes.map((_, i) => i % 2 === 0),
    vouch: async ({ hashes }) => ({
      stored: hashes.map((_, i) => i % 2 === 0),
      signature: new Uint8Array(64).fill(6),
    }),
    getTopicDigests: async ({ topics }) =>
      topics.map(({ ranges = [] }) =>
        ranges.map((range, i) => ({
          ...range,
          sum: { count: i, sum: 2n ** 2047n + 5n },
          conflicted: i === 1,
        })),
      ),
    getKeyPackages: async ({ installations }) => installations.map(() => undefined),
    getCoverage: async ({ batches }) => ({
      batches: batches.map((batch, i) => {
        const checkpoint = { sequence: batch.first + 1n, headerHash: batch.headerHash, block: 9 };
        const unserved = { kind: "unserved", reason: "pruned" } as const;
        const kinds = [{ kind: "covered", checkpoint }, { kind: "linked", to: batch }, unserved] as const;
        return kinds[i] ?? { kind: "uncovered" };
      }),
      headers: batches.map(({ headerHash }) => fromHex(headerHash)),
      head,
    }),
    fetchEntries: async ({ group, recent }) => ({
      from: recent[0],
      entries: [
        {
          group,
          id: asId(hex(5)),
          parent: group,
          index: 3,
          authority: asAddress(`0x${"44".repeat(20)}`),
          payload: Uint8Array.of(1, 2, 3),
          block: head,
          logIndex: 2,
        },
      ],
      more: true,
      head,
    }),
    followChain: refuse,
    getEntry: refuse,
    relayAppend: async ({ limit }) => ({ kind: "stale", children: limit + 1 }),
    relayIdentity: refuse,
    getHistories: async ({ inboxes }) => ({
      histories: inboxes.map(({ count, word }) => ({
        from: count,
        steps: everyKindOfStep().steps,
        count,
        word,
      })),
      head: undefined,
    }),
    getWallet: async () => ({ inbox: undefined, nonce: 4n }),
    readWords: async ({ block, entries, inboxes, wallets, nodes, checkpoints, blocks }) => ({
      head,
      words: {
        block: { ...head, hash: block },
        entries: entries.map(({ id }) => id),
        inboxes,
        wallets: wallets.map((_, i) => (i === 0 ? undefined : asId(hex(i)))),
        nodes,
        nodeCount: nodes.length,
        checkpoints: checkpoints.map(({ block: number }) => (number === 0 ? undefined : hex(number))),
        blocks: blocks.map((number) => (number > head.number ? undefined : { ...head, number })),
      },
    }),
    ...overrides,
  };
}

export function hex(byte: number): Hex {
  return `0x${byte.toString(16).padStart(2, "0").repeat(32)}`;
}
