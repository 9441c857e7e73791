import assert from "node:assert/strict";
import { test } from "node:test";
import { startStickyRpc } from "../chain/stickyRpc.ts";
import { startTestChain } from "../support/startTestChain.ts";
import { startTestNode, type TestNode } from "../support/startTestNode.ts";
import { until } from "../support/until.ts";

async function readyPage({ url }: TestNode): Promise<{ status: number; said: string }> {
  const page = await fetch(`${url}/readyz`);
  return { status: page.status, said: await page.text() };
}

test("a node whose only provider stands still says so and sends its readers away, one with two turns to the other", async () => {
  await using stack = new AsyncDisposableStack();
  const chain = stack.use(await startTestChain({ blockMs: 100 }));
  const [lone, first] = await Promise.all([startStickyRpc(chain), startStickyRpc(chain)]);
  stack.use(lone);
  stack.use(first);
  const start = async (account: number, rpcUrl: string) =>
    stack.use(await startTestNode({ chain, account, chosen: { rpcUrl } }));
  const stuck = await start(1, lone.rpcUrl);
  const twofold = await start(2, `${first.rpcUrl}, ${chain.rpcUrl}`);
  const well = await start(3, chain.rpcUrl);
  const stop = new AbortController();
  const reading = (async () => {
    for await (const _ of stuck.api.followChain({ groups: [] }, { signal: stop.signal }));
  })();
  const sentAway = assert.rejects(reading, { code: "not-ready" });
  await until("a full mesh", async () => (await stuck.api.getNode({})).peers === 2);

  await Promise.all([lone.stick(), first.stick()]);
  await until("it is not ready", async () => (await readyPage(stuck)).status === 503, 60_000);
  assert.match((await readyPage(stuck)).said, /its chain is at block \d+, that of 2 other operators at \d+/);
  await sentAway;
  await assert.rejects(stuck.api.getHistories({ inboxes: [] }), { code: "not-ready" });

  const { head } = await twofold.api.getNode({});
  const { said, status } = await readyPage(twofold);
  assert.equal(status, 200);
  assert.match(said, /chain provider 127\.0\.0\.1:\d+ \(1 of 2\) is not used: it is at block/);
  await until(
    "it reads on",
    async () => ((await twofold.api.getNode({})).head?.number ?? 0) > (head?.number ?? 0),
  );
  assert.equal((await readyPage(well)).status, 200);

  lone.goOn();
  await until("it is ready again", async () => (await readyPage(stuck)).status === 200);
  stop.abort();
});
