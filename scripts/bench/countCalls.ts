import { fromBinary } from "@bufbuild/protobuf";
import { FollowChainResponseSchema, SubscribeResponseSchema } from "../../src/gen/weft/v1/node_pb.ts";
import type { NodeConnection } from "../../src/rpc/connectNode.ts";
import { type RecordedMessage, recordingConnect } from "../../test/support/recordCalls.ts";

/** What a client and nodes sent each other at the seam of RPC. */
export type Traffic = {
  /** Calls that were made and streams that were opened. */
  readonly roundTrips: number;
  /** Of messages in both directions, without the framing of HTTP. */
  readonly bytes: number;
  /** What of it are questions to witnesses and their answers. */
  readonly toWitnesses: { readonly roundTrips: number; readonly bytes: number };
  /** Round trips by the name of the call. */
  readonly calls: ReadonlyMap<string, number>;
};

export type CallCounter = {
  /** By which a client reaches nodes. */
  readonly connect: (params: { url: string }) => NodeConnection;
  /** What went back and forth since the last time, without what goes on while nothing happens. */
  readonly take: () => Traffic;
};

/** What clients ask for now and then, whatever happens. */
const PERIODIC: ReadonlySet<string> = new Set(["GetNode", "ListNodes"]);

/** By which a client asks others than the serving node whether what that one says of the chain is so. */
const WITNESS_CALL = "ReadWords";

/** Counts the calls of one client. */
export function countCalls(): CallCounter {
  let messages: RecordedMessage[] = [];
  return {
    connect: recordingConnect((message) => void messages.push(message)),
    take: () => {
      const counted = messages.filter((message) => !isIdle(message));
      messages = [];
      return trafficOf(counted);
    },
  };
}

function trafficOf(messages: readonly RecordedMessage[]): Traffic {
  const requests = messages.filter(isRequest);
  const calls = Map.groupBy(requests, ({ method }) => method);
  const words = messages.filter(({ method }) => method === WITNESS_CALL);
  return {
    roundTrips: requests.length,
    bytes: bytesOf(messages),
    toWitnesses: { roundTrips: words.filter(isRequest).length, bytes: bytesOf(words) },
    calls: new Map([...calls].map(([method, those]) => [method, those.length])),
  };
}

function isRequest({ direction }: RecordedMessage): boolean {
  return direction === "request";
}

function bytesOf(messages: readonly RecordedMessage[]): number {
  return messages.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** A stream that tells of each block and repeats where it stands says nothing that a commit or a join has caused. */
function isIdle({ method, direction, bytes }: RecordedMessage): boolean {
  if (PERIODIC.has(method)) return true;
  if (direction === "request") return false;
  if (method === "FollowChain") return fromBinary(FollowChainResponseSchema, bytes).event.case === "head";
  return method === "Subscribe" && fromBinary(SubscribeResponseSchema, bytes).event.case === "idle";
}
