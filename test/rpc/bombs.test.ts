import assert from "node:assert/strict";
import { test } from "node:test";
import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { NodeService } from "../../src/gen/weft/v1/node_pb.ts";
import { boundsOf, countFields, maxItems } from "../../src/rpc/methodBounds.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { serveRpc } from "../../src/rpc/serveRpc.ts";
import { rawCall } from "../support/rawCall.ts";
import { wideLimits } from "../support/wideLimits.ts";
import { echoApi } from "./echoApi.ts";

/** The way to a list in a request: the messages that it stands in, and itself. */
type Path = readonly DescField[];

const lists = NodeService.methods.flatMap((method) =>
  listsIn(method.input).map((path) => ({ method, path, name: `${method.name} ${nameOf(path)}` })),
);

/** Every list that a message can hold, at any depth. */
function listsIn(schema: DescMessage, before: Path = []): Path[] {
  return schema.fields.flatMap((field) => {
    const path = [...before, field];
    const inside = field.message === undefined ? [] : listsIn(field.message, path);
    return field.fieldKind === "list" ? [path, ...inside] : inside;
  });
}

function nameOf(path: Path): string {
  return path.map(({ name }) => name).join(".");
}

/** `count` items of a list that hold nothing, in one message each of those that it stands in. */
function itemsOf(path: Path, count: number): Uint8Array<ArrayBuffer> {
  const [field, ...inside] = path.toReversed();
  assert.ok(field !== undefined);
  // Numbers stand in one field: one byte each.
  const isPacked = field.fieldKind === "list" && field.listKind === "scalar" && field.packed;
  const items = isPacked
    ? delimited(field.number, new Uint8Array(count).fill(1))
    : Buffer.alloc(2 * count, Uint8Array.of(field.number * 8 + 2, 0));
  return inside.reduce((body, outer) => delimited(outer.number, body), Uint8Array.from(items));
}

function delimited(number: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const length: number[] = [];
  for (let left = body.length; left >= 128; left >>>= 7) length.push((left & 127) | 128);
  length.push(body.length >>> (7 * length.length));
  const tag = number < 16 ? [number * 8 + 2] : [((number * 8 + 2) & 127) | 128, number >> 4];
  return Uint8Array.from(Buffer.concat([Uint8Array.from([...tag, ...length]), body]));
}

/** Nothing of it may be reached. */
function untouched(): NodeApi {
  const reach = (name: string) => (): never => assert.fail(`${name} was answered`);
  return Object.fromEntries(Object.keys(echoApi()).map((name) => [name, reach(name)])) as unknown as NodeApi;
}

function serve() {
  return serveRpc({
    handlers: untouched(),
    pages: async () => undefined,
    ...{ host: "127.0.0.1", port: 0, limits: wideLimits },
    onFault: ({ error }) => assert.fail(String(error)),
  });
}

function largest(method: DescMethod, path: Path): Uint8Array<ArrayBuffer> {
  const isPacked = path.at(-1)?.fieldKind === "list" && (path.at(-1) as { packed?: boolean }).packed === true;
  const room = boundsOf(method).maxBytes - 16 * path.length;
  return itemsOf(path, Math.floor(room / (isPacked ? 1 : 2)));
}

test("every list of every request has a bound, and takes as many items as that", () => {
  assert.ok(lists.length >= 20);
  for (const { method, path, name } of lists) {
    const field = path.at(-1);
    assert.ok(field !== undefined);
    const max = maxItems(field);
    assert.ok(max > 0, `${name} takes no item: it is not in src/rpc/methodBounds.ts`);
    assert.ok(countFields({ method, bytes: itemsOf(path, max) }) >= max, name);
    assert.throws(() => countFields({ method, bytes: itemsOf(path, max + 1) }), { code: "too-large" }, name);
  }
});

test("a request that is nothing but items of a list is refused before it is decoded, for each list there is", async () => {
  await using server = await serve();
  for (const { method, path, name } of lists) {
    const bytes = largest(method, path);
    const startedMs = performance.now();
    assert.throws(() => countFields({ method, bytes }), { code: "too-large" }, name);
    assert.ok(performance.now() - startedMs < 500, `${name} took ${performance.now() - startedMs} ms`);
    const { code, message } = await rawCall({ url: server.url, method, bytes });
    assert.equal(code, "too-large", `${name}: ${message}`);
  }
});

test("fields that nobody knows count as well, in every method", () => {
  for (const method of NodeService.methods) {
    const count = Math.floor(boundsOf(method).maxBytes / 3);
    // Number 999, two bytes of tag, and an empty value.
    const bytes = Uint8Array.from(Buffer.alloc(3 * count, Uint8Array.of(0xba, 0x3e, 0)));
    if (count > 150_000)
      assert.throws(() => countFields({ method, bytes }), { code: "too-large" }, method.name);
    else assert.equal(countFields({ method, bytes }), count);
  }
});

test("each method has its own size, told before the body is read to its end", async () => {
  await using server = await serve();
  for (const method of NodeService.methods) {
    const { maxBytes } = boundsOf(method);
    const bytes = delimited(999, new Uint8Array(maxBytes));
    const { code } = await rawCall({ url: server.url, method, bytes });
    assert.equal(code, "too-large", method.name);
  }
});

test("JSON, which has no bound before it is decoded, is not taken", async () => {
  await using server = await serve();
  for (const method of NodeService.methods) {
    const { code } = await rawCall({ url: server.url, method, bytes: Buffer.from("{}"), type: "json" });
    assert.equal(code, "malformed", method.name);
  }
});
