import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  NodeService,
  SubscribeRequestSchema,
  SubscribeResponseSchema,
} from "../../src/gen/weft/v1/node_pb.ts";
import { withPrefix } from "../../test/support/rawCall.ts";
import { until } from "../../test/support/until.ts";

/** Readers of topics, all in this process: bare HTTP/2, so that they take little of what the node needs. */
export type Subscriptions = AsyncDisposable & {
  /** When an envelope came to any of them, in milliseconds of `performance.now()`. Emptied by whoever measures. */
  readonly arrivals: number[];
};

type Readers = { idle: number; readonly arrivals: number[] };

const PREFIX_BYTES = 5;
const STREAMS_AT_ONCE = 200;
const OPEN_TIMEOUT_MS = 300_000;

/** Opens so many subscriptions, to one of the topics each in turn, `perConnection` on each HTTP/2 connection; all have read what there is. */
export async function openSubscriptions(params: {
  url: string;
  topics: readonly Uint8Array[];
  count: number;
  perConnection: number;
  /** Of this machine, from which the connections come in turn: what one has is bounded. */
  addresses: number;
}): Promise<Subscriptions> {
  const { url, topics, count, perConnection, addresses } = params;
  await using stack = new AsyncDisposableStack();
  const { hostname: host, port: written } = new URL(url);
  const port = Number(written);
  const readers: Readers = { idle: 0, arrivals: [] };
  const requests = topics.map((topic) =>
    withPrefix(toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema, { topics: [{ topic }] }))),
  );
  let session: ClientHttp2Session | undefined;
  for (let opened = 0; opened < count; opened++) {
    if (opened % STREAMS_AT_ONCE === 0) {
      await until(`${opened} are open`, () => readers.idle === opened, OPEN_TIMEOUT_MS);
    }
    if (opened % perConnection === 0 || session === undefined) {
      const localAddress = `127.0.0.${1 + (Math.floor(opened / perConnection) % addresses)}`;
      session = stack.adopt(
        connect(url, { createConnection: () => connectTcp({ host, port, localAddress }) }),
        destroy,
      );
    }
    const request = requests[opened % requests.length];
    if (request !== undefined) read({ session, request, readers });
  }
  await until("all are open", () => readers.idle === count, OPEN_TIMEOUT_MS);
  const owned = stack.move();
  return { arrivals: readers.arrivals, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function destroy(session: ClientHttp2Session): void {
  session.destroy();
}

function read(params: { session: ClientHttp2Session; request: Buffer; readers: Readers }): void {
  const { session, request, readers } = params;
  const stream = session.request({
    ":method": "POST",
    ":path": `/${NodeService.typeName}/${NodeService.method.subscribe.name}`,
    "content-type": "application/connect+proto",
  });
  let rest: Buffer = Buffer.alloc(0);
  let isOpen = false;
  const take = (message: Uint8Array): void => {
    const event = fromBinary(SubscribeResponseSchema, message).event.case;
    if (event === "page") readers.arrivals.push(performance.now());
    if (event !== "idle" || isOpen) return;
    isOpen = true;
    readers.idle++;
  };
  stream.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= PREFIX_BYTES) {
      const end = PREFIX_BYTES + rest.readUInt32BE(1);
      if (rest.length < end) return;
      const [isLast, message] = [rest.readUInt8(0) !== 0, rest.subarray(PREFIX_BYTES, end)];
      if (isLast) throw new Error(`a subscription has ended: ${message.toString()}`);
      take(message);
      rest = rest.subarray(end);
    }
  });
  stream.end(request);
}
