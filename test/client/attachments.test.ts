import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { randomBytes } from "#crypto";
import {
  type AttachmentStore,
  decodePart,
  downloadAttachment,
  encodePart,
  isWeftError,
  openHttpStore,
  type Part,
  textPart,
  uploadAttachment,
} from "../../src/index.ts";
import { isPublicName } from "../../src/net/isPublicName.ts";
import { isPublicAddress } from "../../src/net/lookupPublic.ts";

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const dispose = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: dispose };
}

/** A web server that keeps what is PUT into it. */
async function openFolder() {
  const files = new Map<string, Buffer>();
  const headers: (string | undefined)[] = [];
  const served = await serve(async (request, response) => {
    const path = request.url ?? "";
    headers.push(request.headers.authorization);
    if (request.method === "PUT") {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      files.set(path, Buffer.concat(pieces));
      response.writeHead(201).end();
    } else if (path === "/moved") response.writeHead(302, { location: [...files.keys()][0] ?? "/" }).end();
    else response.writeHead(files.has(path) ? 200 : 404).end(files.get(path));
  });
  return { ...served, files, headers };
}

const inside = (folder: string, headers = {}) => openHttpStore({ folder, headers, inside: true });
const withUrls = (part: Part, urls: readonly string[]): Part => ({
  ...part,
  external: { ...(part.external ?? assert.fail()), urls },
});

test("an attachment goes to the app's folder, encrypted, and comes back to whoever has the message", async () => {
  await using folder = await openFolder();
  const store = inside(`${folder.url}/weft/`, { authorization: "Bearer abc" });
  const bytes = randomBytes(100_000);
  const part = await uploadAttachment({
    store,
    bytes,
    type: "image/png",
    name: "dot.png",
    fallback: "A dot",
  });
  assert.equal(part.external?.size, bytes.length + 16);
  assert.deepEqual([part.name, part.fallback, part.data], ["dot.png", "A dot", undefined]);
  assert.ok(![...folder.files.values()].some((file) => file.includes(Buffer.from(bytes.subarray(0, 64)))));
  assert.deepEqual(await downloadAttachment({ store, part }), bytes);
  assert.deepEqual(folder.headers, ["Bearer abc", undefined], "who reads shows nobody's authorization");
  const again = await uploadAttachment({ store, bytes, type: "image/png" });
  assert.notDeepEqual(again.external?.key, part.external?.key, "each under a key of its own");
  const gone = `${folder.url}/gone`;
  assert.deepEqual(
    await downloadAttachment({ store, part: withUrls(part, [gone, ...(part.external?.urls ?? [])]) }),
    bytes,
    "the next address is tried",
  );
});

test("what is shorter, longer or other than it was sent, or not there, has a code", async () => {
  await using folder = await openFolder();
  const store = inside(folder.url);
  const part = await uploadAttachment({ store, bytes: randomBytes(1000), type: "image/png" });
  const [path = ""] = folder.files.keys();
  const sent = folder.files.get(path) ?? Buffer.alloc(0);
  const download = (of: Part, maxBytes?: number) =>
    downloadAttachment({ store, part: of, ...(maxBytes === undefined ? {} : { maxBytes }) });
  const other = Buffer.from(sent);
  other[5] = (other[5] ?? 0) ^ 1;
  for (const found of [sent.subarray(1), Buffer.concat([sent, Buffer.alloc(5)]), other, Buffer.alloc(0)]) {
    folder.files.set(path, found);
    await assert.rejects(download(part), (error) => isWeftError(error, "attachment-damaged"));
  }
  folder.files.set(path, sent);
  const { external = assert.fail() } = part;
  const wrongKey = { ...part, external: { ...external, key: new Uint8Array(32) } };
  await assert.rejects(download(wrongKey), (error) => isWeftError(error, "attachment-damaged"));
  await assert.rejects(download(part, 10), (error) => isWeftError(error, "too-large"));
  await assert.rejects(download(textPart("hello")), (error) => isWeftError(error, "malformed"));
  for (const url of [
    `${folder.url}/gone`,
    `${folder.url}/moved`,
    "http://127.0.0.1:9/",
    "file:///etc/passwd",
    "no url",
  ]) {
    await assert.rejects(download(withUrls(part, [url])), (error) =>
      isWeftError(error, "attachment-unreachable"),
    );
  }
  const ended = AbortSignal.abort(new Error("enough"));
  await assert.rejects(downloadAttachment({ store, part, signal: ended }), /enough/);
  const homeless: AttachmentStore = { ...store, put: async () => [] };
  await assert.rejects(
    uploadAttachment({ store: homeless, bytes: new Uint8Array(1), type: "a/b" }),
    (error) => isWeftError(error, "malformed"),
  );
});

test("an endless answer is given up once it is longer than was promised", async () => {
  let sent = 0;
  await using endless = await serve((_, response) => {
    const write = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(16_384))) sent += 16_384;
      response.once("drain", write);
    };
    write();
  });
  const store = inside(endless.url);
  const external = {
    ...{ urls: [endless.url], key: new Uint8Array(32), nonce: new Uint8Array(12) },
    ...{ hash: new Uint8Array(32), size: 1000 },
  };
  await assert.rejects(downloadAttachment({ store, part: { type: "a/b", external } }), (error) =>
    isWeftError(error, "attachment-damaged"),
  );
  assert.ok(sent < 64 * 1024 * 1024);
});

/** A server that takes a while for each piece of its answer; the time goes by as it is read. */
function answerSlowly(params: { context: TestContext; pieceBytes: number; pieces: number; pauseMs: number }) {
  const { context, pieceBytes, pieces, pauseMs } = params;
  const { timers } = context.mock;
  timers.enable({ apis: ["setTimeout"] });
  context.mock.method(AbortSignal, "timeout", (ms: number) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("timeout")), ms);
    return controller.signal;
  });
  let sent = 0;
  context.mock.method(globalThis, "fetch", async (_: string, { signal }: { signal: AbortSignal }) => {
    const pull = (body: ReadableStreamDefaultController): void => {
      timers.tick(pauseMs);
      if (signal.aborted) body.error(signal.reason);
      else if (sent === pieces) body.close();
      else {
        sent++;
        body.enqueue(new Uint8Array(pieceBytes));
      }
    };
    return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
  });
  return { get: openHttpStore({ inside: true }).get, sent: () => sent };
}

const unreachable = (error: unknown) => isWeftError(error, "attachment-unreachable");
const url = "https://files.example/a";

test("a transfer that is slow goes on", async (context) => {
  const { get } = answerSlowly({ context, pieceBytes: 200_000, pieces: 20, pauseMs: 20_000 });
  assert.equal((await get({ url, maxBytes: 4_000_000 })).length, 4_000_000);
});

test("a transfer that would never end is given up", async (context) => {
  const { get, sent } = answerSlowly({ context, pieceBytes: 1, pieces: 10_000, pauseMs: 20_000 });
  await assert.rejects(get({ url, maxBytes: 4_000_000 }), unreachable);
  assert.ok(sent() > 1 && sent() < 100, `after ${sent()} pieces`);
});

test("a server that is silent is given up, before its answer and within it", async (context) => {
  const { get, sent } = answerSlowly({ context, pieceBytes: 1000, pieces: 20, pauseMs: 40_000 });
  await assert.rejects(get({ url, maxBytes: 4_000_000 }), unreachable);
  assert.equal(sent(), 0);
});

test("whatever an address comes to has a code", async () => {
  const store = openHttpStore({ inside: true });
  for (const address of ["https://user:secret@files.example/", "http://127.0.0.1:9/", "ftp://files.example/"])
    await assert.rejects(store.get({ url: address, maxBytes: 10 }), unreachable, address);
});

test("an address in a message does not reach into its reader's network", async () => {
  let asked = 0;
  await using server = await serve((_, response) => {
    asked++;
    response.end();
  });
  const store = openHttpStore({});
  const port = new URL(server.url).port;
  const urls = [
    server.url,
    `https://127.0.0.1:${port}/`,
    `https://[::1]:${port}/`,
    `https://localhost:${port}/`,
    `https://printer.local/`,
    `https://nas.lan/`,
    `https://wiki.corp/`,
    `https://router/`,
    `https://0x7f000001:${port}/`,
    `https://2130706433:${port}/`,
    "https://user:secret@10.0.0.1/",
  ];
  for (const url of urls) {
    await assert.rejects(
      store.get({ url, maxBytes: 10 }),
      (error) => isWeftError(error, "attachment-unreachable"),
      url,
    );
  }
  assert.equal(asked, 0);
  for (const name of ["files.example.org", "a.b", "10.example.com"]) assert.ok(isPublicName(name), name);
  const inner = [
    "127.0.0.1",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.1.1",
    "169.254.1.1",
    "100.64.0.1",
    "0.0.0.0",
  ];
  const inner6 = [
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
    "ff02::1",
  ];
  for (const address of [...inner, ...inner6]) assert.ok(!isPublicAddress(address), address);
  for (const address of ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "2a00:1450::1"])
    assert.ok(isPublicAddress(address));
});

type Poll = { readonly question: string; readonly options: readonly string[] };
const poll = {
  type: "application/vnd.example.poll+json",
  encode: (value: Poll) => new TextEncoder().encode(JSON.stringify(value)),
  decode: (bytes: Uint8Array): Poll =>
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Poll,
  fallback: ({ question }: Poll) => `Poll: ${question}`,
} as const;
const count = {
  type: "x/count",
  encode: (n: number) => Uint8Array.of(n),
  decode: ([n]: Uint8Array) => n ?? 0,
} as const;

test("an app's own types are read by its codecs, and what a codec can't read is an outcome", () => {
  const codecs = [poll, count] as const;
  const value: Poll = { question: "Where?", options: ["here", "there"] };
  const part = encodePart({ codec: poll, value });
  assert.equal(part.fallback, "Poll: Where?");
  const decoded = decodePart({ codecs, part });
  assert.deepEqual(decoded, { kind: "value", type: poll.type, value });
  // The type tells which value it is.
  if (decoded.kind === "value" && decoded.type === "application/vnd.example.poll+json")
    assert.equal(decoded.value.options.length, 2);
  const hostile = decodePart({ codecs, part: { ...part, data: Uint8Array.of(0xff) } });
  assert.deepEqual([hostile.kind, hostile.kind === "broken" && hostile.text], ["broken", "Poll: Where?"]);
  assert.deepEqual(decodePart({ codecs: [count], part }), { kind: "text", text: "Poll: Where?" });
  assert.deepEqual(decodePart({ codecs, part: { type: "x/y" } }), { kind: "unknown", type: "x/y" });
  assert.deepEqual(decodePart({ codecs, part: textPart("hello") }), { kind: "text", text: "hello" });
  const throws = { ...count, encode: () => assert.fail("no") };
  assert.throws(
    () => encodePart({ codec: throws, value: 1 }),
    (error) => isWeftError(error, "malformed"),
  );
});
