import assert from "node:assert/strict";
import { createConnection, createServer } from "node:net";
import { test } from "node:test";
import { isWeftError, WeftError } from "../../src/errors.ts";
import type { RateLimits } from "../../src/rpc/accounts.ts";
import { connectNode } from "../../src/rpc/connectNode.ts";
import { REFUSED_ENVELOPE_BYTES } from "../../src/rpc/limits.ts";
import type { NodeApi, PublishOutcome, SubscriptionEvent } from "../../src/rpc/nodeApi.ts";
import { serveRpc } from "../../src/rpc/serveRpc.ts";
import { openTransport } from "../../src/rpc/webTransport.ts";
import type { IdentityAction } from "../../src/wire/identityAction.ts";
import { EMPTY_WORD } from "../../src/wire/identityStep.ts";
import {
  asAddress,
  asId,
  type EnvelopeHash,
  type GroupId,
  type InboxId,
  type NodeId,
} from "../../src/wire/ids.ts";
import { until } from "../support/until.ts";
import { wideLimits } from "../support/wideLimits.ts";
import { echoApi, head, hex, watermark } from "./echoApi.ts";

const path = "/weft.v1.NodeService/";
const append = {
  group: asId<GroupId>(hex(1)),
  parent: asId<GroupId>(hex(1)),
  limit: 0,
  authority: asAddress(`0x${"ab".repeat(20)}`),
  payload: new Uint8Array(1),
  signature: new Uint8Array(65),
};
const envelope = (size: number) => ({ topic: new Uint8Array(33), payload: new Uint8Array(size) });

function serve(params: { api?: Partial<NodeApi>; limits?: Partial<RateLimits>; onFault?: () => void } = {}) {
  return serveRpc({
    handlers: echoApi(params.api),
    pages: async (page) =>
      page === "/healthz" ? { status: 200, contentType: "text/plain", body: "ok\n" } : undefined,
    host: "127.0.0.1",
    port: 0,
    limits: { ...wideLimits, ...params.limits },
    onFault: params.onFault ?? (() => assert.fail("a fault")),
  });
}

for (const http of ["1.1", "2"] as const) {
  test(`every value survives the way through both halves over HTTP/${http}`, async () => {
    await using server = await serve();
    await using node = connectNode({ url: server.url, http });
    assert.deepEqual(await node.getNode({}), await echoApi().getNode({}));
    const group = asId<GroupId>(hex(9));
    const cursor = { block: 6, logIndex: 1, blockHash: hex(8) };
    assert.deepEqual(
      await node.fetchEntries({ group, recent: [cursor] }),
      await echoApi().fetchEntries({ group, recent: [cursor] }),
    );
    assert.deepEqual(await node.query({ topics: [] }), { envelopes: [], watermark, more: false });
    const envelopes = [{ topic: new Uint8Array(33).fill(1), payload: Uint8Array.of(7) }];
    assert.deepEqual(await node.publish({ envelopes }), [
      { kind: "refused", code: "unknown-head", hint: "block 7" },
    ]);
    const hashes = [hex(1), hex(2), hex(3)].map((hash) => asId<EnvelopeHash>(hash));
    assert.deepEqual(await node.hasEnvelopes({ hashes }), [true, false, true]);
    assert.deepEqual(await node.vouch({ hashes }), await echoApi().vouch({ hashes }));
    const log = { node: asId<NodeId>(hex(4)), generation: 3n, shard: 1 };
    const batches = [5n, 6n, 7n, 8n].map((first) => ({ log, first, headerHash: hex(Number(first)) }));
    const ranges = [5n, 6n].map((floor) => ({ log, floor, next: floor + 2n }));
    const topics = [{ topic: new Uint8Array(33).fill(1), ranges }, { topic: new Uint8Array(33).fill(2) }];
    assert.deepEqual(await node.getTopicDigests({ topics }), await echoApi().getTopicDigests({ topics }));
    assert.deepEqual(await node.getCoverage({ batches }), await echoApi().getCoverage({ batches }));
    const positions = [
      { inbox: asId<InboxId>(hex(1)), count: 2, word: hex(2) },
      { inbox: asId<InboxId>(hex(3)), count: 0, word: EMPTY_WORD },
    ];
    const asked = { inboxes: positions };
    assert.deepEqual(await node.getHistories(asked), await echoApi().getHistories(asked));
    assert.deepEqual(await node.getWallet({ wallet: asAddress(`0x${"ab".repeat(20)}`) }), {
      inbox: undefined,
      nonce: 4n,
    });
  });

  test(`a coded error keeps code, message and hint over HTTP/${http}`, async () => {
    const fault = new WeftError({ code: "replayed", message: "generation 3 is stored", hint: "take 4" });
    await using server = await serve({ api: { relayIdentity: () => Promise.reject(fault) } });
    await using node = connectNode({ url: server.url, http });
    const action: IdentityAction = {
      kind: "revoke-installation",
      inbox: asId(hex(1)),
      installation: asId(hex(2)),
      by: asAddress(`0x${"ab".repeat(20)}`),
      signature: new Uint8Array(65),
    };
    await assert.rejects(node.relayIdentity(action), {
      name: "WeftError",
      code: "replayed",
      message: "generation 3 is stored",
      hint: "take 4",
    });
  });

  test(`a stream over HTTP/${http} delivers, ends by its signal and fails when its node stops`, async () => {
    let closed = 0;
    const api: Partial<NodeApi> = {
      subscribe: async function* (_, call) {
        yield { kind: "started", subscription: `0x${"05".repeat(16)}` };
        yield { kind: "idle", watermark };
        await untilAborted(call?.signal);
        closed++;
      },
    };
    const server = await serve({ api });
    await using node = connectNode({ url: server.url, http });
    const stop = new AbortController();
    const seen: SubscriptionEvent[] = [];
    const reason = new Error("enough");
    await assert.rejects(async () => {
      for await (const event of node.subscribe({ topics: [] }, { signal: stop.signal })) {
        seen.push(event);
        if (event.kind === "idle") stop.abort(reason);
      }
    }, reason);
    assert.deepEqual(seen, [
      { kind: "started", subscription: `0x${"05".repeat(16)}` },
      { kind: "idle", watermark },
    ]);
    await assert.rejects(
      async () => {
        for await (const event of node.subscribe({ topics: [] })) {
          if (event.kind === "idle") void server[Symbol.asyncDispose]();
        }
      },
      (error) => isWeftError(error, "not-ready") || isWeftError(error, "node-unreachable"),
    );
    await server[Symbol.asyncDispose]();
    assert.equal(closed, 2);
  });

  test(`a node that falls silent is noticed over HTTP/${http}`, async () => {
    const api: Partial<NodeApi> = {
      subscribe: async function* (_, call) {
        yield { kind: "idle", watermark };
        await untilAborted(call?.signal);
      },
    };
    await using server = await serve({ api });
    await using node = connectNode({ url: server.url, http, silenceMs: 100 });
    await assert.rejects(async () => {
      for await (const event of node.subscribe({ topics: [] })) assert.equal(event.kind, "idle");
    }, /silent/);
  });

  test(`a connection that breaks ends calls and streams at once over HTTP/${http}`, async () => {
    await using server = await serve({
      api: {
        subscribe: async function* (_, call) {
          yield { kind: "idle", watermark };
          await untilAborted(call?.signal);
        },
        listNodes: (_, call) => untilAborted(call?.signal).then(() => ({ nodes: [], head, more: false })),
      },
    });
    const sockets = new Set<() => void>();
    const wire = createServer((socket) => {
      const onward = createConnection(server.port);
      socket.pipe(onward).pipe(socket);
      for (const end of [socket, onward]) end.on("error", () => {});
      sockets.add(() => [socket, onward].forEach((end) => void end.resetAndDestroy()));
    });
    await new Promise<void>((resolve) => wire.listen(0, resolve));
    const address = wire.address();
    assert(typeof address === "object" && address !== null);
    await using node = connectNode({ url: `http://127.0.0.1:${address.port}`, http });
    const call = assert.rejects(node.listNodes({}), { code: "node-unreachable" });
    await assert.rejects(
      async () => {
        for await (const _ of node.subscribe({ topics: [] })) for (const cut of sockets) cut();
      },
      { code: "node-unreachable" },
    );
    await call;
    wire.close();
    await assert.rejects(node.getNode({}), { code: "node-unreachable" });
  });
}

test("the browser's transport calls the same server", async () => {
  await using server = await serve();
  const { transport } = openTransport({ url: server.url, http: "2" });
  const { createClient } = await import("@connectrpc/connect");
  const { NodeService } = await import("../../src/gen/weft/v1/node_pb.ts");
  const { peers } = await createClient(NodeService, transport).getNode({});
  assert.equal(peers, 2);
});

test("pages, preflight and unknown paths are answered with open origins", async () => {
  await using server = await serve();
  const health = await fetch(`${server.url}/healthz`);
  assert.deepEqual([health.status, await health.text()], [200, "ok\n"]);
  assert.equal(health.headers.get("access-control-allow-origin"), "*");
  assert.equal((await fetch(`${server.url}/nothing`)).status, 404);
  const preflight = await fetch(`${server.url}${path}Publish`, { method: "OPTIONS" });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /connect-protocol-version/i);
});

test("a request that does not decode is refused with its code and hint", async () => {
  await using server = await serve();
  const response = await fetch(`${server.url}${path}Publish`, {
    method: "POST",
    headers: { "content-type": "application/proto" },
    body: Uint8Array.of(0x0a, 0xff, 0xff, 0xff),
  });
  assert.equal(response.status, 400);
  assert.equal(await codeOf(response), "malformed");
});

test("a request beyond the limit is refused before it is read", async () => {
  await using server = await serve();
  await using node = connectNode({ url: server.url, http: "1.1" });
  const envelopes = Array.from({ length: 513 }, () => ({
    topic: new Uint8Array(33),
    payload: new Uint8Array(),
  }));
  await assert.rejects(node.publish({ envelopes }), { code: "too-large" });
  const response = await fetch(`${server.url}${path}Publish`, {
    method: "POST",
    headers: { "content-type": "application/proto" },
    body: new Uint8Array(5 * 1024 * 1024),
  });
  assert.equal(await codeOf(response), "too-large");
});

test("junk on the port disturbs nobody", async () => {
  await using server = await serve();
  const junk = [
    "P",
    "PR",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\njunk",
    "GET / HTTP/1.1\r\nhost: [\r\n\r\n",
    "\u0000",
  ];
  for (const bytes of junk) {
    const socket = createConnection(server.port);
    socket.on("error", () => {});
    await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
    socket.end();
  }
  const broken = createConnection(server.port);
  broken.write(`POST ${path}GetNode HTTP/1.1\r\nhost: [\r\ncontent-type: application/proto\r\n\r\n`);
  await new Promise((resolve) => broken.once("close", resolve));
  await using node = connectNode({ url: server.url });
  assert.equal((await node.getNode({})).peers, 2);
});

test("calls, relays, published bytes and streams are limited per address", async () => {
  const api: Partial<NodeApi> = {
    subscribe: async function* (_, call) {
      yield { kind: "idle", watermark };
      await untilAborted(call?.signal);
    },
  };
  const slow = (burst: number) => ({ perSecond: 0.001, burst });
  const limits = {
    calls: slow(40),
    relays: slow(1),
    publishedBytes: slow(100),
    streams: { perAddress: 1, total: 9 },
  };
  await using server = await serve({ api, limits });
  await using node = connectNode({ url: server.url });
  const refused = { code: "limit-exceeded" };
  assert.deepEqual(await node.relayAppend(append), { kind: "stale", children: 1 });
  await assert.rejects(node.relayAppend(append), refused);
  await node.publish({ envelopes: [envelope(60)] });
  await assert.rejects(node.publish({ envelopes: [envelope(60)] }), refused);
  const stop = new AbortController();
  const first = node.subscribe({ topics: [] }, { signal: stop.signal })[Symbol.asyncIterator]();
  await first.next();
  await assert.rejects(node.subscribe({ topics: [] })[Symbol.asyncIterator]().next(), refused);
  stop.abort();
  await assert.rejects(first.next());
  await until("the stream's end at the server", async () => {
    const again = node.subscribe({ topics: [] })[Symbol.asyncIterator]();
    const opened = await again.next().then(
      () => true,
      () => false,
    );
    await again.return?.(undefined);
    return opened;
  });
  await assert.rejects(async () => {
    for (let i = 0; i < 40; i++) await node.getNode({});
  }, refused);
});

test("the time to wait that a node names travels with calls, envelopes and relays, in whole milliseconds", async () => {
  const told = { code: "limit-exceeded", hint: "later", retryAfterMs: 1234.5 } as const;
  const query = () => {
    throw new WeftError({ ...told, message: "too much" });
  };
  const publish = async (): Promise<PublishOutcome[]> => [{ kind: "refused", ...told }];
  const relayAppend = async () => ({ kind: "refused", ...told, retryAfterMs: 1e9 }) as const;
  await using server = await serve({ api: { query, publish, relayAppend } });
  await using node = connectNode({ url: server.url });
  await assert.rejects(node.query({ topics: [] }), { code: told.code, retryAfterMs: 1_235 });
  const [outcome] = await node.publish({ envelopes: [envelope(60)] });
  assert.deepEqual(outcome, { kind: "refused", ...told, retryAfterMs: 1_235 });
  const answer = await node.relayAppend(append);
  assert.equal(answer.kind === "refused" && answer.retryAfterMs, 3_600_000, "an hour at most");
});

test("envelopes that are refused count as large ones", async () => {
  const limits = { publishedBytes: { perSecond: 0.001, burst: 3 * REFUSED_ENVELOPE_BYTES } };
  await using server = await serve({ limits });
  await using node = connectNode({ url: server.url });
  const envelopes = [{ topic: new Uint8Array(33), payload: new Uint8Array(1) }];
  for (let i = 0; i < 3; i++) assert.equal((await node.publish({ envelopes }))[0]?.kind, "refused");
  await assert.rejects(node.publish({ envelopes }), { code: "limit-exceeded" });
});

test("a port in use and an address that is none are named", async () => {
  await using server = await serve();
  const again = serveRpc({
    handlers: echoApi(),
    pages: async () => undefined,
    host: "127.0.0.1",
    port: server.port,
    limits: wideLimits,
    onFault: () => {},
  });
  await assert.rejects(again, { code: "bad-config" });
  assert.throws(() => connectNode({ url: "localhost:1" }), { code: "bad-config" });
});

test("an unexpected fault is told as internal, without its message, and reported", async () => {
  let reported = 0;
  const api = { getNode: () => Promise.reject(new TypeError("secret")) };
  await using server = await serve({ api, onFault: () => reported++ });
  await using node = connectNode({ url: server.url });
  await assert.rejects(node.getNode({}), { code: "internal", message: "internal error" });
  assert.equal(reported, 1);
});

async function codeOf(response: Response): Promise<string | undefined> {
  const { details } = (await response.json()) as { details: { type: string; debug: { code: string } }[] };
  assert.equal(details[0]?.type, "weft.v1.ErrorDetail");
  return details[0]?.debug.code;
}

function untilAborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve();
    else signal?.addEventListener("abort", () => resolve(), { once: true });
  });
}
