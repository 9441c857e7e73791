import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { openChainHub, tellPage, tellRollback } from "../../src/node/chainHub.ts";
import { meterOf } from "../../src/node/meterOf.ts";
import { streamChain } from "../../src/node/streamChain.ts";
import { applyChainPage, rollbackChain } from "../../src/store/node/applyChainPage.ts";
import { openChainIndex } from "../../src/store/node/chainIndex.ts";
import type { IndexableRecord } from "../../src/store/node/indexableRecord.ts";
import { entriesAtHead, entriesOf } from "../../src/store/node/readEntries.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import type { Entry } from "../../src/wire/chainEntry.ts";
import { asAddress, asId, type EntryId, type GroupId, toHex } from "../../src/wire/ids.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { until } from "../support/until.ts";

const group = asId<GroupId>(new Uint8Array(32).fill(1));
const authority = asAddress(new Uint8Array(20).fill(2));
const ROOT: BlockRef = { number: 0, hash: toHex(new Uint8Array(32)), time: 0 };

/** Blocks that one step adds (each with so many entries) or takes, and turns of the event loop before it. */
const arbitraryStep = fc.record({
  turns: fc.integer({ min: 0, max: 6 }),
  back: fc.integer({ min: 0, max: 5 }),
  grow: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
});

test("whoever follows a group through pages and rollbacks ends with what the index has", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryStep, { minLength: 1, maxLength: 12 }), async (steps) => {
      await using opened = await openTestStore();
      const index = await openChainIndex({ database: opened.store.database });
      const hub = openChainHub(undefined);
      const stop = new AbortController();
      const follower = follow(
        streamChain({
          read: (of) => entriesAtHead({ index, ...of }),
          hub,
          groups: [{ group, recent: [] }],
          chainLag: () => undefined,
          meter: meterOf(undefined),
          signal: stop.signal,
        }),
      );
      let chain: BlockRef[] = [];
      for (const [branch, { turns, back, grow }] of steps.entries()) {
        for (let i = 0; i < turns; i++) await turn();
        if (back > 0 && chain.length > 0) {
          chain = chain.slice(0, Math.max(0, chain.length - back));
          const to = chain.at(-1) ?? ROOT;
          await rollbackChain({ index, to });
          tellRollback({ hub, to });
        }
        const blocks = grow.map((_, i) => blockOf({ number: chain.length + 1 + i, branch }));
        const records = blocks.flatMap((block, i) => entriesIn({ block, count: grow[i] ?? 0 }));
        chain = [...chain, ...blocks];
        const to = chain.at(-1) ?? ROOT;
        await applyChainPage({ index, page: { to, finalBlock: 0, blocks, records } });
        tellPage({ hub, head: to, groups: new Set(records.length > 0 ? [group] : []) });
      }
      const head = chain.at(-1)?.hash;
      await until("the head", () => follower.state.head === head);
      const { entries } = await entriesOf({ index, group, recent: [], maxBytes: 1e9 });
      assert.deepEqual(
        follower.state.entries.map(({ id }) => id),
        entries.map(({ id }) => id),
      );
      stop.abort();
      await assert.rejects(follower.ended, { code: "not-ready" });
      assert.equal(hub.watches.size, 0);
    }),
    { numRuns: 60 },
  );
});

/** A client's side: keeps the entries that are still told of. */
function follow(events: ReturnType<typeof streamChain>) {
  const state: { entries: readonly Entry[]; head: string | undefined } = { entries: [], head: undefined };
  const read = async (): Promise<void> => {
    for await (const event of events) {
      if (event.kind === "rollback") {
        state.entries = state.entries.filter(({ block }) => block.number <= event.to.number);
        state.head = undefined;
      } else if (event.kind === "entries") {
        const { from } = event;
        const at = state.entries.findIndex(
          ({ block, logIndex }) => block.hash === from?.blockHash && logIndex === from.logIndex,
        );
        assert(from === undefined || at >= 0, "a cursor that the follower never had");
        state.entries = [...state.entries.slice(0, at + 1), ...event.entries];
      } else if (event.kind === "head") {
        state.head = event.head.hash;
        assert(state.entries.every(({ block }) => block.number <= event.head.number));
      }
    }
  };
  return { state, ended: read() };
}

function blockOf(params: { number: number; branch: number }): BlockRef {
  const { number, branch } = params;
  return { number, hash: toHex(new Uint8Array(32).fill(number).fill(branch + 1, 0, 1)), time: number };
}

function entriesIn(params: { block: BlockRef; count: number }): IndexableRecord[] {
  const { block, count } = params;
  return Array.from({ length: count }, (_, logIndex) => {
    const id = asId<EntryId>(`${block.hash.slice(0, -2)}${logIndex.toString(16).padStart(2, "0")}`);
    const place = { block, logIndex, parent: group, index: 4 * block.number + logIndex };
    return { kind: "entry", group, id, ...place, authority, payload: new Uint8Array(10) };
  });
}
