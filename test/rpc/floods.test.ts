import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { createConnection, type Socket } from "node:net";
import { test } from "node:test";
import type { RateLimits } from "../../src/rpc/accounts.ts";
import { connectNode } from "../../src/rpc/connectNode.ts";
import { type Deadlines, deadlines } from "../../src/rpc/deadlines.ts";
import type { NodeApi, SubscriptionEvent } from "../../src/rpc/nodeApi.ts";
import { serveRpc } from "../../src/rpc/serveRpc.ts";
import { withPrefix } from "../support/rawCall.ts";
import { until } from "../support/until.ts";
import { wideLimits } from "../support/wideLimits.ts";
import { echoApi, watermark } from "./echoApi.ts";

const METHODS = "/weft.v1.NodeService/";
const MEGA = 1024 * 1024;
const quick: Deadlines = { ...deadlines, bodyMs: 1_500, paceMs: 500, unreadMs: 500 };
const nothing = { connections: 0, streams: 0, bytes: 0 };
const page = (bytes: number): SubscriptionEvent & { kind: "page" } => ({
  ...{ kind: "page", watermark, more: false },
  envelopes: [
    { envelope: { topic: new Uint8Array(33), payload: new Uint8Array(bytes) }, receipts: [], offset: 1n },
  ],
});

async function serve(
  params: { api?: Partial<NodeApi>; limits?: Partial<RateLimits>; deadlines?: Deadlines } = {},
) {
  const refused: string[] = [];
  const server = await serveRpc({
    handlers: echoApi(params.api),
    pages: async (path) =>
      path === "/healthz" ? { status: 200, contentType: "text/plain", body: "ok" } : undefined,
    ...{ host: "127.0.0.1", port: 0 },
    limits: { ...wideLimits, ...params.limits },
    deadlines: params.deadlines ?? quick,
    onFault: ({ error }) => assert.fail(String(error)),
    onRefusal: (what) => refused.push(what),
  });
  const isEmpty = async () => Object.values(server.open()).every((count) => count === 0);
  return { ...server, refused, isEmpty, [Symbol.asyncDispose]: server[Symbol.asyncDispose] };
}

/** A session that nobody looks after, as an attacker's. */
function openSession(url: string, initialWindowSize = 65_535): ClientHttp2Session & Disposable {
  const session = connect(url, { settings: { initialWindowSize } });
  session.on("error", () => undefined);
  return Object.assign(session, { [Symbol.dispose]: () => session.destroy() });
}

function openCall(session: ClientHttp2Session, method: string): ClientHttp2Stream {
  const isStream = method === "Subscribe" || method === "FollowChain";
  const type = `application/${isStream ? "connect+" : ""}proto`;
  const stream = session.request({ ":method": "POST", ":path": `${METHODS}${method}`, "content-type": type });
  stream.on("error", () => undefined);
  return stream;
}

/** Of an answer over HTTP/2: its text, once it is over. */
async function textOf(stream: ClientHttp2Stream): Promise<string> {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  await closed(stream);
  return text;
}

function closed(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => stream.once("close", resolve));
}

function openSocket(port: number): Socket {
  const socket = createConnection(port);
  socket.on("error", () => undefined);
  socket.resume();
  return socket;
}

function isClosed(socket: Socket): () => Promise<boolean> {
  return async () => socket.closed;
}

test("bodies that never end, or trickle, are refused in time over both HTTPs, and leave nothing behind", async () => {
  await using server = await serve();
  using session = openSession(server.url);
  const endless = Array.from({ length: 20 }, () => openCall(session, "Publish"));
  for (const stream of endless) stream.write(Buffer.alloc(20_000, 0x0a));
  const trickled = openCall(session, "Query");
  const drip = setInterval(() => trickled.write(Uint8Array.of(0)), 50);
  using _ = { [Symbol.dispose]: () => clearInterval(drip) };
  const told = await Promise.all([...endless, trickled].map(textOf));
  for (const text of told) assert.match(text, /limit-exceeded|resource_exhausted/);
  const socket = createConnection(server.port);
  socket.on("error", () => undefined);
  let heard = "";
  socket.on("data", (chunk: Buffer) => {
    heard += chunk.toString("latin1");
  });
  socket.write(`POST ${METHODS}Publish HTTP/1.1\r\nhost: a\r\ncontent-type: application/proto\r\n`);
  socket.write("content-length: 1000000\r\n\r\nabc");
  await until("the connection's end", isClosed(socket));
  assert.match(heard, /^HTTP\/1.1 429 (.|\r\n)*too slowly/);
  session.destroy();
  await until("all given back", server.isEmpty);
});

test("what bodies hold in memory is bounded for one address, and shared among all", async () => {
  const limits = { openBytes: { perAddress: 2 * MEGA, total: 100 * MEGA } };
  await using server = await serve({ limits, deadlines });
  using session = openSession(server.url);
  let peak = 0;
  const streams = Array.from({ length: 60 }, () => openCall(session, "Publish"));
  const told = streams.map(textOf);
  for (const stream of streams) stream.write(Buffer.alloc(60_000, 0x0a));
  await until("refusals", async () => {
    peak = Math.max(peak, server.open().bytes);
    return server.refused.includes("open bytes");
  });
  assert.ok(peak <= 2 * MEGA);
  await using node = connectNode({ url: server.url, http: "1.1" });
  await assert.rejects(
    node.publish({ envelopes: [{ topic: new Uint8Array(33), payload: new Uint8Array(2 * MEGA) }] }),
    { code: "limit-exceeded", message: /open bytes .*wait \d+ ms/ },
  );
  session.destroy();
  await Promise.allSettled(told);
  await until("all given back", async () => server.open().bytes === 0);
});

test("topics that are watched count as long as the stream is open, and so do those that are added", async () => {
  let grow: ((bytes: number) => void) | undefined;
  const api: Partial<NodeApi> = {
    subscribe: async function* (_, call) {
      grow = call?.meter?.keep;
      grow?.(MEGA);
      yield { kind: "started", subscription: `0x${"05".repeat(16)}` };
      await new Promise((resolve) => call?.signal?.addEventListener("abort", resolve));
    },
  };
  const limits = { openBytes: { perAddress: 3 * MEGA, total: 100 * MEGA } };
  await using server = await serve({ api, limits });
  await using node = connectNode({ url: server.url });
  const open = () => node.subscribe({ topics: [] })[Symbol.asyncIterator]();
  const [first, second] = [open(), open()];
  await Promise.all([first.next(), second.next()]);
  await assert.rejects(open().next(), { code: "limit-exceeded", message: /open bytes/ });
  assert.throws(() => grow?.(3 * MEGA), { code: "limit-exceeded" });
  await first.return?.(undefined);
  await until("the first one's end at the server", async () => server.open().streams === 1);
  const third = open();
  await third.next();
  await Promise.all([second, third].map((stream) => stream.return?.(undefined)));
  await until("all given back", async () => server.open().bytes === 0);
});

test("readers that stop reading are dropped, whatever they were to be told, and their memory is free again", async () => {
  const api: Partial<NodeApi> = {
    query: async () => page(MEGA),
    subscribe: async function* () {
      yield page(MEGA);
      for (;;) {
        yield { kind: "idle", watermark };
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
  await using server = await serve({ api });
  using shut = openSession(server.url, 0);
  const calls = ["Query", "Subscribe", "GetNode"].map((method) => openCall(shut, method));
  for (const [i, call] of calls.entries()) call.end(i === 1 ? withPrefix(new Uint8Array()) : undefined);
  const health = shut.request({ ":path": "/healthz" });
  health.on("error", () => undefined);
  await Promise.all([...calls, health].map(closed));
  const socket = createConnection(server.port);
  socket.on("error", () => undefined);
  socket.pause();
  const call = `POST ${METHODS}Query HTTP/1.1\r\nhost: a\r\ncontent-type: application/proto\r\ncontent-length: 0\r\n\r\n`;
  socket.write(call.repeat(20));
  await until("answers that wait", async () => server.open().bytes > MEGA);
  await until("all given back", async () => server.open().bytes === 0);
  socket.destroy();
});

test("what is unread of all streams of an address is bounded: the next one ends, and says why", async () => {
  const api: Partial<NodeApi> = {
    subscribe: async function* () {
      for (;;) yield page(MEGA);
    },
  };
  const limits = { openBytes: { perAddress: 3 * MEGA, total: 100 * MEGA } };
  await using server = await serve({ api, limits, deadlines });
  using shut = openSession(server.url, 0);
  for (let i = 0; i < 3; i++) openCall(shut, "Subscribe").end(withPrefix(new Uint8Array()));
  await until("two pages that wait", async () => server.open().bytes > 2 * MEGA);
  using session = openSession(server.url);
  const stream = openCall(session, "Subscribe");
  stream.end(withPrefix(new Uint8Array()));
  assert.match(await textOf(stream), /limit-exceeded/);
  assert.ok(server.open().bytes <= 3 * MEGA);
});

test("streams have a bound for one address and for all, and each is given back", async () => {
  const api: Partial<NodeApi> = {
    followChain: async function* (_, call) {
      yield { kind: "started" };
      await new Promise((resolve) => call?.signal?.addEventListener("abort", resolve));
    },
  };
  await using server = await serve({ api, limits: { streams: { perAddress: 5, total: 8 } } });
  await using node = connectNode({ url: server.url });
  const open = () => node.followChain({ groups: [] })[Symbol.asyncIterator]();
  const streams = Array.from({ length: 4 }, open);
  await Promise.all(streams.map((stream) => stream.next()));
  // One address takes half of what there is for all at most.
  await assert.rejects(open().next(), {
    code: "limit-exceeded",
    message: /open streams at this node; wait \d+ ms/,
  });
  for (const stream of streams) await stream.return?.(undefined);
  await until("all given back", async () => server.open().streams === 0);
});

test("connections have a bound: some more are told so, others are closed; idle ones are closed in time", async () => {
  const limits = { connections: { perAddress: 3, total: 100 } };
  await using server = await serve({ limits, deadlines: { ...deadlines, firstByteMs: 500, idleMs: 1_500 } });
  const sockets = Array.from({ length: 40 }, () => openSocket(server.port));
  await until("connections that are closed", async () => sockets.filter(({ closed }) => closed).length >= 21);
  assert.equal(server.open().connections, 3);
  assert.ok(server.refused.includes("connections"));
  await until("those that say nothing closed", async () => sockets.every(({ closed }) => closed));
  const busy = Array.from({ length: 3 }, () => openSession(server.url));
  await Promise.all(busy.map((session) => once(session, "connect")));
  await until("three connections", async () => server.open().connections === 3);
  await using told = connectNode({ url: server.url, http: "2" });
  await assert.rejects(told.getNode({}), { code: "limit-exceeded", message: /connections/ });
  await until("sessions without a call closed", async () => busy.every(({ closed }) => closed));
  assert.deepEqual({ ...server.open(), connections: 0 }, nothing);
});

test("headers without end, in size, number or time, close the connection", async () => {
  await using server = await serve({ deadlines: { ...deadlines, headersMs: 500, requestMs: 1_000 } });
  const request = `POST ${METHODS}GetNode HTTP/1.1\r\nhost: a\r\n`;
  const slow = openSocket(server.port);
  slow.write(request);
  const drip = setInterval(() => slow.write("a: b\r\n"), 20);
  using _ = { [Symbol.dispose]: () => clearInterval(drip) };
  const large = openSocket(server.port);
  large.write(`${request}a: ${"b".repeat(20_000)}\r\n\r\n`);
  await until("slow and large ones closed", async () => slow.closed && large.closed);
  using session = openSession(server.url);
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-${i}`, "b"]));
  const wide = session.request({ ":method": "POST", ":path": `${METHODS}GetNode`, ...many });
  wide.on("error", () => undefined);
  await closed(wide);
  assert.equal(wide.rstCode, constants.NGHTTP2_ENHANCE_YOUR_CALM);
});

const PREFACE = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(4, 0, "")]);

/** RFC 9113 §4.1. */
function frame(type: number, stream: number, hex: string): Buffer {
  const payload = Buffer.from(hex, "hex");
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

const floods = {
  pings: frame(6, 0, "0000000000000000"),
  settings: frame(4, 0, ""),
  "headers that go on": frame(9, 1, "00016101610001620162"),
};

for (const [what, one] of Object.entries(floods)) {
  test(`a flood of ${what} ends its connection`, async () => {
    await using server = await serve({ deadlines });
    const socket = openSocket(server.port);
    socket.write(PREFACE);
    // POST, http, a path, and no end.
    if (what.startsWith("headers")) socket.write(frame(1, 1, "838684"));
    for (let i = 0; i < 5_000 && !socket.closed; i++) socket.write(one);
    await until("the connection's end", isClosed(socket));
  });
}

test("frames that need no answer are counted by their bytes", async () => {
  await using server = await serve({ deadlines });
  const socket = openSocket(server.port);
  socket.write(PREFACE);
  const some = Buffer.concat(Array.from({ length: 20_000 }, () => frame(8, 0, "00000001")));
  await until("the connection's end", async () => {
    for (let i = 0; i < 8 && !socket.closed; i++) socket.write(some);
    return socket.closed;
  });
  assert.ok(server.refused.includes("frames"));
});

test("calls that are taken back at once end their session, and leave nothing behind", async () => {
  await using server = await serve({ deadlines });
  using session = openSession(server.url);
  await once(session, "connect");
  await until("the session's end", async () => {
    for (let i = 0; i < 200 && !session.destroyed && !session.closed; i++) {
      const stream = openCall(session, "GetNode");
      setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
    }
    return session.destroyed || session.closed;
  });
  await until("all given back", server.isEmpty);
});

test("few calls of one address read at one time, the others wait, and those of other kinds don't", async () => {
  let [running, most] = [0, 0];
  const gate = Promise.withResolvers<void>();
  const query: NodeApi["query"] = async () => {
    running++;
    most = Math.max(most, running);
    await gate.promise;
    running--;
    return page(1);
  };
  await using server = await serve({ api: { query }, deadlines });
  await using node = connectNode({ url: server.url });
  const asked = Array.from({ length: 100 }, () => node.query({ topics: [] }));
  await until("calls that read", async () => running === 8);
  assert.equal((await node.getNode({})).peers, 2);
  assert.equal((await node.getWallet({ wallet: `0x${"ab".repeat(20)}` as never })).nonce, 4n);
  gate.resolve();
  assert.equal((await Promise.all(asked)).length, 100);
  assert.equal(most, 8);
});

test("a dear call counts as many small ones: by what comes, what is read and what is answered", async () => {
  const calls = { perSecond: 0.001, burst: 40 };
  const dear: Partial<NodeApi> = {
    getTopicDigests: async (_, call) => {
      call?.meter?.rows(1_000);
      return [];
    },
    query: async () => page(4 * MEGA),
  };
  const envelopes = [{ topic: new Uint8Array(33), payload: new Uint8Array(3 * MEGA) }];
  const topics = Array.from({ length: 4_000 }, () => ({ topic: new Uint8Array(33) }));
  const asks: ((api: NodeApi) => Promise<unknown>)[] = [
    (api) => api.getTopicDigests({ topics: [] }),
    (api) => api.query({ topics: [] }),
    (api) => api.publish({ envelopes }),
    (api) => api.query({ topics }).then(() => api.query({ topics })),
    (api) => api.readWords(manyBlocks),
  ];
  const manyBlocks = {
    ...{ block: watermarkHash, entries: [], inboxes: [], wallets: [], nodes: [], checkpoints: [] },
    blocks: Array.from({ length: 20 }, (_, i) => i),
  };
  for (const [i, ask] of asks.entries()) {
    await using server = await serve({ api: i === 3 ? {} : dear, limits: { calls }, deadlines });
    await using node = connectNode({ url: server.url });
    await ask(node);
    await assert.rejects(
      node.getNode({}),
      { code: "limit-exceeded", message: /calls .*wait \d+ ms/ },
      `call ${i}`,
    );
  }
});

const watermarkHash = `0x${"aa".repeat(32)}` as const;

test("who goes on and on after it was refused loses the connection; pages count as calls", async () => {
  await using server = await serve({ limits: { calls: { perSecond: 0.001, burst: 3 } }, deadlines });
  const status = async () => (await fetch(`${server.url}/healthz`)).status;
  assert.deepEqual([await status(), await status(), await status(), await status()], [200, 200, 200, 429]);
  const call = `GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n`;
  const socket = openSocket(server.port);
  await until("the connection's end", async () => {
    if (!socket.closed) socket.write(call.repeat(200));
    return socket.closed;
  });
  assert.ok(server.refused.includes("refused calls"));
});

test("behind a proxy that is trusted each caller has its own bounds; others can't name themselves", async () => {
  const limits = { ...wideLimits, calls: { perSecond: 0.001, burst: 2 } };
  const served = (trusted: string[]) =>
    serveRpc({
      handlers: echoApi(),
      pages: async () => ({ status: 200, contentType: "text/plain", body: "ok" }),
      ...{ host: "127.0.0.1", port: 0, limits, onFault: () => undefined },
      proxies: { trusted, header: "x-forwarded-for" },
    });
  const ask = async (url: string, caller: string) =>
    (await fetch(url, { headers: { "x-forwarded-for": caller } })).status;
  await using behind = await served(["127.0.0.0/8"]);
  for (const caller of ["203.0.113.1", "203.0.113.2", "1.1.1.1, 203.0.113.3"]) {
    assert.deepEqual([await ask(behind.url, caller), await ask(behind.url, caller)], [200, 200]);
    assert.equal(await ask(behind.url, caller), 429, caller);
  }
  assert.equal(await ask(behind.url, "8.8.8.8, 203.0.113.3"), 429, "what a client wrote itself");
  await using open = await served([]);
  assert.deepEqual([await ask(open.url, "203.0.113.1"), await ask(open.url, "203.0.113.2")], [200, 200]);
  assert.equal(await ask(open.url, "203.0.113.3"), 429);
});
