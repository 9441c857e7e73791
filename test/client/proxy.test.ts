import assert from "node:assert/strict";
import dns from "node:dns";
import { mock, test } from "node:test";
import { generatePrivateKey } from "viem/accounts";
import { createGroup, listMessages, sendMessage } from "../../src/index.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { startRecordingProxy } from "../support/startRecordingProxy.ts";
import { startTestChain } from "../support/startTestChain.ts";
import { startTestNode } from "../support/startTestNode.ts";
import { until } from "../support/until.ts";

/** Names that nobody can look up: whatever is not asked of the proxy goes nowhere. */
const HOSTS = ["node-1.invalid", "node-2.invalid", "chain.invalid"];

test("with a proxy everything leaves by it: calls, streams, witness, chain, and no name is looked up", async () => {
  await using chain = await startTestChain({ blockMs: 50 });
  await using one = await startTestNode({
    chain,
    account: 1,
    chosen: { publicUrl: "http://node-1.invalid" },
  });
  await using two = await startTestNode({
    chain,
    account: 2,
    chosen: { publicUrl: "http://node-2.invalid" },
  });
  const ports = [one.url, two.url, chain.rpcUrl].map((url) => Number(new URL(url).port));
  const leadsTo = new Map(HOSTS.map((host, at) => [`${host}:80`, ports[at]]));
  const resolve = (authority: string) => leadsTo.get(authority);
  const lookUp = mock.method(dns, "lookup");
  const rpcUrl = "http://chain.invalid";
  const network = { chain, nodes: [{ url: "http://node-1.invalid" }, { url: "http://node-2.invalid" }] };
  const payer = chain.accounts[3]?.privateKey ?? generatePrivateKey();
  for (const kind of ["http", "socks5"] as const) {
    await using proxy = await startRecordingProxy({ kind, resolve });
    const by = { network, proxy: proxy.url, witnesses: [{ rpcUrl }] };
    await using alice = await openTestClient({ ...by, chain: { rpcUrl, account: payer } });
    await using bob = await openTestClient(by);
    const { group } = await createGroup({
      client: alice.client,
      name: "by proxy",
      members: [bob.client.inbox],
    });
    await sendMessage({ client: alice.client, group, text: kind });
    await until("it is read", async () => {
      const items = await listMessages({ client: bob.client, group }).catch(() => []);
      return items.some((item) => item.kind === "message" && item.text === kind);
    });
    assert.deepEqual([...new Set(proxy.asked)].toSorted(), HOSTS.map((host) => `${host}:80`).toSorted());
  }
  const names = lookUp.mock.calls.map(({ arguments: [name] }) => String(name));
  mock.restoreAll();
  assert.deepEqual(
    names.filter((name) => name.endsWith(".invalid")),
    [],
  );
});

test("a proxy that is none is refused before anything is opened", async () => {
  await using chain = await startTestChain({ blockMs: 50 });
  const network = { chain, nodes: [{ url: "http://node-1.invalid" }] };
  await assert.rejects(openTestClient({ network, proxy: "ftp://proxy.example" }), { code: "bad-config" });
});
