import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import type { Interceptor, StreamResponse, UnaryResponse } from "@connectrpc/connect";
import { connectNode, type NodeConnection } from "../../src/rpc/connectNode.ts";

/** One message that went to a node or came from it. */
export type RecordedMessage = {
  /** Of the node. */
  readonly url: string;
  /** Name of the call, as in proto/weft/v1/node.proto. */
  readonly method: string;
  readonly direction: "request" | "response";
  /** The message as it is sent. */
  readonly bytes: Uint8Array;
  readonly isStream: boolean;
  /** Path and headers of a request; empty for a response. */
  readonly envelope: string;
  readonly atMs: number;
};

/** Connects to nodes as clients do, and hands each message of each call to `onMessage`. */
export function recordingConnect(
  onMessage: (message: RecordedMessage) => void,
): (params: { url: string }) => NodeConnection {
  return ({ url }) => connectNode({ url, interceptors: [recorder(url, onMessage)] });
}

function recorder(url: string, onMessage: (message: RecordedMessage) => void): Interceptor {
  return (next) => async (request) => {
    const { method, stream: isStream } = request;
    const envelope = [request.url, ...[...request.header].flat()].join("\n");
    const note = (direction: "request" | "response", schema: DescMessage, message: Message): void =>
      onMessage({
        ...{ url, method: method.name, direction, isStream, atMs: Date.now() },
        bytes: toBinary(schema, message),
        envelope: direction === "request" ? envelope : "",
      });
    if (!request.stream) {
      note("request", method.input, request.message);
      const response = (await next(request)) as UnaryResponse;
      note("response", method.output, response.message);
      return response;
    }
    const message = noting(request.message, (one) => note("request", method.input, one));
    const response = (await next({ ...request, message })) as StreamResponse;
    return { ...response, message: noting(response.message, (one) => note("response", method.output, one)) };
  };
}

async function* noting<Item>(items: AsyncIterable<Item>, note: (item: Item) => void): AsyncIterable<Item> {
  for await (const item of items) {
    note(item);
    yield item;
  }
}
