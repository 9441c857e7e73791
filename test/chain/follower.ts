import assert from "node:assert/strict";
import { type ChainEvent, followChain } from "../../src/chain/follow/followChain.ts";
import type { Chain } from "../../src/chain/provider/chain.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import type { ChainRecord } from "../../src/wire/chainRecord.ts";

/** What an index would hold. */
export type Held = { readonly blocks: readonly BlockRef[]; readonly records: readonly ChainRecord[] };

export const nothingHeld: Held = { blocks: [], records: [] };

export type Follower = {
  readonly held: () => Held;
  readonly rollbacks: readonly BlockRef[];
  readonly faults: readonly unknown[];
  /** Settles when what is held fits the condition. */
  readonly until: (condition: (held: Held) => boolean) => Promise<void>;
  readonly stop: () => Promise<Held>;
};

/** Follows a chain into memory and checks each event against what came before. */
export function startFollower(params: {
  chain: Chain;
  held?: Held;
  finalityBlocks?: number;
  maxBlocksPerPage?: number;
}): Follower {
  const { chain, finalityBlocks = 8, maxBlocksPerPage = 1_000 } = params;
  const abort = new AbortController();
  const rollbacks: BlockRef[] = [];
  const faults: unknown[] = [];
  const waiting = new Set<() => void>();
  let held = params.held ?? nothingHeld;

  async function run(): Promise<void> {
    const cursor = held.blocks.toReversed();
    const events = followChain({
      chain,
      cursor,
      finalityBlocks,
      maxBlocksPerPage,
      pollMs: 10,
      signal: abort.signal,
      onFault: (fault) => faults.push(fault),
    });
    for await (const event of events) {
      held = apply({ chain, held, event });
      if (event.kind === "rollback") rollbacks.push(event.to);
      for (const check of waiting) check();
    }
  }
  const running = run();
  return {
    held: () => held,
    rollbacks,
    faults,
    until: (condition) =>
      Promise.race([
        running.then(() => assert.fail("the follower ended")),
        new Promise<void>((resolve) => {
          const check = () => {
            if (!condition(held)) return;
            waiting.delete(check);
            resolve();
          };
          waiting.add(check);
          check();
        }),
      ]),
    stop: async () => {
      abort.abort();
      await running;
      return held;
    },
  };
}

function apply(params: { chain: Chain; held: Held; event: ChainEvent }): Held {
  const { held, event } = params;
  const last = held.blocks.at(-1);
  if (event.kind === "rollback") {
    const { to } = event;
    assert(last !== undefined && to.number < last.number, "a rollback goes back");
    const known = held.blocks.some(({ hash }) => hash === to.hash);
    assert(known || BigInt(to.hash) === 0n, "a rollback goes to a block that is held");
    return {
      blocks: held.blocks.filter(({ number }) => number <= to.number),
      records: held.records.filter(({ block }) => block.number <= to.number),
    };
  }
  const from = last === undefined ? params.chain.network.deployedBlock : last.number + 1;
  assert.equal(event.fromBlock, from, "pages have neither gaps nor overlaps");
  const numbers = event.blocks.map(({ number }) => number);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
    "blocks ascend",
  );
  if (event.blocks.length > 0) assert.deepEqual(event.blocks.at(-1), event.to);
  for (const { block } of event.records)
    assert(event.blocks.includes(block), "a record's block is in the page");
  return { blocks: [...held.blocks, ...event.blocks], records: [...held.records, ...event.records] };
}
