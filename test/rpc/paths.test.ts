import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from "node:tls";
import { isWeftError } from "../../src/errors.ts";
import { connectNode, type NodeConnection } from "../../src/rpc/connectNode.ts";
import type { SubscriptionEvent } from "../../src/rpc/nodeApi.ts";
import { serveRpc } from "../../src/rpc/serveRpc.ts";
import { startRecordingProxy } from "../support/startRecordingProxy.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { wideLimits } from "../support/wideLimits.ts";
import { echoApi, watermark } from "./echoApi.ts";

/** Each of its events comes alone: a proxy that held them back would be seen. */
function serve(host = "127.0.0.1") {
  const subscribe = async function* (_: unknown, call?: { signal?: AbortSignal }) {
    for (;;) {
      yield { kind: "idle", watermark } satisfies SubscriptionEvent;
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (call?.signal?.aborted) return;
    }
  };
  return serveRpc({
    handlers: echoApi({ subscribe }),
    pages: async () => undefined,
    ...{ host, port: 0 },
    limits: wideLimits,
    onFault: () => assert.fail("a fault"),
  });
}

async function listening(
  server: Server,
  host = "127.0.0.1",
): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  for (const event of ["connection", "secureConnection"]) {
    server.on(event, (socket: Socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
    });
  }
  server.listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** A reverse proxy that speaks HTTP/1.1 to both sides. */
function passOn(target: string) {
  return (asked: IncomingMessage, answer: ServerResponse): void => {
    const { method = "GET", headers } = asked;
    const passed = request(new URL(asked.url ?? "/", target), { method, headers });
    passed.on("response", (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    answer.on("close", () => passed.destroy());
    asked.pipe(passed);
  };
}

/** Unary calls, several at once, and a stream of which three events come. */
async function callsAndStreams(node: NodeConnection): Promise<void> {
  const answers = await Promise.all([node.getNode({}), node.query({ topics: [] }), node.getNode({})]);
  assert.deepEqual(answers[0], await echoApi().getNode({}));
  let events = 0;
  for await (const _ of node.subscribe({ topics: [] })) if (++events === 3) break;
}

test("a node behind a proxy that speaks HTTP/1.1 only is called by it, streams too", async () => {
  await using server = await serve();
  await using front = await listening(createServer(passOn(server.url)));
  await using node = connectNode({ url: `http://127.0.0.1:${front.port}` });
  await callsAndStreams(node);
  await callsAndStreams(node);
});

test("HTTP/2 is kept to where it is spoken, and a server that hangs up at it is called by HTTP/1.1", async () => {
  await using server = await serve();
  const firsts: string[] = [];
  let understands = (_: string) => true;
  const front = createTcpServer((socket) => {
    socket.once("data", (bytes) => {
      const first = bytes.subarray(0, 4).toString();
      firsts.push(first);
      if (!understands(first)) return socket.destroy();
      const outbound = connect(server.port, "127.0.0.1", () => {
        outbound.write(bytes);
        socket.pipe(outbound).pipe(socket);
      });
      outbound.on("error", () => socket.destroy());
      return undefined;
    });
  });
  await using listener = await listening(front);
  const url = `http://127.0.0.1:${listener.port}`;
  {
    await using node = connectNode({ url });
    await callsAndStreams(node);
    assert.deepEqual(firsts, ["PRI "], "one connection for all calls");
  }
  firsts.length = 0;
  understands = (first) => first !== "PRI ";
  await using node = connectNode({ url });
  await callsAndStreams(node);
  assert.equal(firsts.filter((first) => first === "PRI ").length, 1, "it is asked once what it speaks");
});

test("a server that says nothing ends no process and every call in time", async () => {
  await using front = await listening(createTcpServer());
  await using node = connectNode({ url: `http://127.0.0.1:${front.port}`, timeoutMs: 200 });
  const [one, other] = await Promise.allSettled([node.getNode({}), node.getNode({})]);
  for (const outcome of [one, other]) {
    assert.ok(outcome?.status === "rejected" && isWeftError(outcome.reason, "node-unreachable"));
  }
});

test("a connection that is closed right after a call has failed ends no process", async () => {
  await using front = await listening(createServer((_, answer) => answer.end("hello")));
  for (let round = 0; round < 5; round++) {
    const node = connectNode({ url: `http://127.0.0.1:${front.port}` });
    const call = node.getNode({});
    if (round % 2 === 0) await assert.rejects(call, (error) => isWeftError(error, "node-unreachable"));
    await node[Symbol.asyncDispose]();
    await assert.rejects(call);
  }
});

test("IPv6 addresses are reached over both versions, and by way of proxies", async () => {
  await using server = await serve("::1");
  assert.match(server.url, /^http:\/\/\[::1\]:/);
  for (const http of [undefined, "1.1", "2"] as const) {
    await using node = connectNode({ url: server.url, ...(http ? { http } : {}) });
    await callsAndStreams(node);
  }
  await using local = await serve();
  await using proxy = await startRecordingProxy({ kind: "http", resolve: () => local.port });
  await using node = connectNode({ url: server.url, proxy: proxy.url });
  await callsAndStreams(node);
  assert.deepEqual(new Set(proxy.asked), new Set([`[::1]:${server.port}`]));
});

test("with TLS the handshake says which version it is", async (t) => {
  if (spawnSync("openssl", ["version"]).status !== 0)
    return t.skip("there is no openssl to make a certificate");
  await using server = await serve();
  await using directory = await temporaryDirectory();
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(directory.path, name)) as [string, string];
  const made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:node.invalid,IP:::1"];
  execFileSync("openssl", ["req", ...made, ...names], { stdio: "ignore" });
  const trusted = getCACertificates("default");
  setDefaultCACertificates([...trusted, readFileSync(cert, "utf8")]);
  try {
    for (const spoken of ["h2", "http/1.1"]) {
      const agreed: unknown[] = [];
      const options = { key: readFileSync(key), cert: readFileSync(cert), ALPNProtocols: [spoken] };
      const front = createTlsServer(options, (socket) => {
        agreed.push(socket.alpnProtocol);
        const outbound = connect(server.port, "127.0.0.1");
        for (const one of [socket, outbound])
          one.on("error", () => [socket, outbound].map((s) => s.destroy()));
        socket.pipe(outbound).pipe(socket);
      });
      await using listener = await listening(front, "::");
      for (const host of ["localhost", "[::1]"]) {
        await using node = connectNode({ url: `https://${host}:${listener.port}` });
        await callsAndStreams(node);
      }
      await using hop = await listening(
        createTcpServer((socket) => {
          const outbound = connect(listener.port, "::1");
          for (const one of [socket, outbound])
            one.on("error", () => [socket, outbound].map((s) => s.destroy()));
          socket.pipe(outbound).pipe(socket);
        }),
      );
      await using proxy = await startRecordingProxy({ kind: "socks5", resolve: () => hop.port });
      await using node = connectNode({ url: "https://node.invalid", proxy: proxy.url });
      await callsAndStreams(node);
      assert.deepEqual(new Set(proxy.asked), new Set(["node.invalid:443"]));
      assert.deepEqual(new Set(agreed), new Set([spoken]));
    }
  } finally {
    setDefaultCACertificates(trusted);
  }
});

test("what a proxy refuses is told in its words, and nothing goes another way", async () => {
  await using server = await serve();
  for (const kind of ["http", "socks5"] as const) {
    await using proxy = await startRecordingProxy({ kind, resolve: () => undefined });
    await using node = connectNode({ url: server.url, proxy: proxy.url });
    await assert.rejects(
      node.getNode({}),
      (error) => isWeftError(error, "node-unreachable") && /502|[Ss]ocks|HostUnreachable/.test(error.message),
    );
  }
});
