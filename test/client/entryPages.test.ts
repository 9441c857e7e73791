import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import type { EntryCursor } from "../../src/wire/chainEntry.ts";
import { asId, type GroupId } from "../../src/wire/ids.ts";
import { addOfflineGroup, openOfflineClient } from "../support/openOfflineClient.ts";
import { takeAgreed } from "../support/takeAgreed.ts";

const unasked = async (): Promise<never> => await Promise.reject(new Error("nothing is to be asked"));

/** Of a group of three entries, those that a page leaves if it begins behind the `from`th and brings what is behind that up to the `to`th. */
async function leftByPage({ from, to }: { from: number; to: number }): Promise<number> {
  await using offline = await openOfflineClient();
  const { core } = offline;
  const id = asId<GroupId>(randomBytes(32));
  const group = await addOfflineGroup({ core, group: id, epochs: 3 });
  const known = [...group.view.entries.values()];
  const cursors = known.map(({ block, logIndex }): EntryCursor => {
    return { block: block.number, logIndex, blockHash: block.hash };
  });
  const api: Pick<NodeApi, "getHistories" | "fetchEntries"> = {
    getHistories: unasked,
    fetchEntries: unasked,
  };
  const entries = known.slice(from, to).map((entry) => ({ ...entry, group: id, payload: new Uint8Array() }));
  await takeAgreed({
    ...{ core, group, api, reading: { inboxes: new Map() }, signal: new AbortController().signal },
    page: { from: cursors[from - 1], entries, more: false, head: known.at(-1)?.block },
  });
  return group.view.entries.size;
}

test("a page that was asked for before the same entries came by another way voids none of them", async () => {
  for (const from of [0, 1, 2, 3]) assert.equal(await leftByPage({ from, to: 3 }), 3, `from ${from}`);
});

test("what a node does not have behind the place that it goes on from is void", async () => {
  assert.equal(await leftByPage({ from: 1, to: 2 }), 2);
  assert.equal(await leftByPage({ from: 1, to: 1 }), 1);
});
