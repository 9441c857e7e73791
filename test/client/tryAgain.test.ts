import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createNodeLinks,
  isUp,
  nodesToTry,
  noteAnswer,
  noteBehind,
  noteFailure,
  noteUnshared,
} from "../../src/client/nodes/nodeLinks.ts";
import { tryAgain } from "../../src/client/nodes/tryAgain.ts";
import { WeftError } from "../../src/errors.ts";
import type { NodeConnection } from "../../src/rpc/connectNode.ts";
import { testNodeId, testOperator } from "../support/testWitnesses.ts";

const { signal } = new AbortController();
const LONG_AGO_MS = 1_000;
const node = testNodeId(1);

function linksTo(getNode: () => Promise<{ ready: boolean }>) {
  const known = { operator: testOperator(1), signingKey: "0x", httpAddress: "1" } as const;
  const nodes = [{ node, ...known, registeredBlock: 1, leftBlock: undefined, disabled: false, shards: "1" }];
  const subscribe = async function* () {
    yield { kind: "started" };
  };
  const connect = ({ url }: { url: string }) => ({ url, getNode, subscribe }) as unknown as NodeConnection;
  return createNodeLinks({ bootstrap: [], nodes, connect, onChange: () => undefined });
}

test("a node that failed and is still away is left alone for longer before anything is read by it", async () => {
  for (const getNode of [
    () => Promise.reject(new WeftError({ code: "node-unreachable", message: "away" })),
    async () => ({ ready: false }),
  ]) {
    const links = linksTo(getNode);
    noteFailure(links, node, LONG_AGO_MS);
    assert(!isUp(links, node, Date.now()), "not before it has answered");
    await tryAgain({ links, signal });
    assert(!isUp(links, node, Date.now()));
    assert.equal(links.health.get(node)?.failures, 2);
  }
});

test("a node that answers again is asked once, and what it failed at is still counted", async () => {
  let asked = 0;
  const links = linksTo(async () => {
    asked++;
    return { ready: true };
  });
  noteFailure(links, node, LONG_AGO_MS);
  for (let i = 0; i < 3; i++) await tryAgain({ links, signal });
  assert.equal(asked, 1);
  assert(isUp(links, node, Date.now()));
  noteFailure(links, node, LONG_AGO_MS);
  assert.equal(links.health.get(node)?.failures, 2);
  assert.deepEqual(nodesToTry(links, Date.now()), [node]);
});

test("a failure does not shorten how long a node is left alone for being far behind", () => {
  const links = linksTo(async () => ({ ready: true }));
  const nowMs = Date.now();
  noteBehind(links, node, nowMs);
  noteFailure(links, node, nowMs);
  assert(!isUp(links, node, nowMs + 50_000));
});

test("a node whose blocks nobody else has is left alone for twice as long each time", () => {
  const links = linksTo(async () => ({ ready: true }));
  const minuteMs = 60_000;
  let nowMs = LONG_AGO_MS;
  const leave = (): number => {
    noteUnshared(links, node, nowMs);
    // As whoever reads by it notes that it ended.
    noteFailure(links, node, nowMs);
    const untilMs = links.health.get(node)?.downUntilMs ?? 0;
    const minutes = (untilMs - nowMs) / minuteMs;
    nowMs = untilMs;
    noteAnswer(links, node);
    return minutes;
  };
  assert.deepEqual([leave(), leave(), leave(), leave(), leave(), leave()], [1, 2, 4, 8, 10, 10]);
  nowMs += 11 * minuteMs;
  assert.equal(leave(), 1);
});
