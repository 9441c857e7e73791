import { connectNode, type NodeConnection } from "../../src/rpc/connectNode.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import { startTestConversation } from "../../test/support/startTestConversation.ts";
import { until } from "../../test/support/until.ts";
import { drawMessage } from "./fillStore.ts";
import { type Row, timed } from "./measure.ts";
import { openBenchNodes } from "./openBenchNodes.ts";
import { memoryRows, usageAtRest } from "./readUsage.ts";

/** All come from one address here. */
const WIDE = "1000000000";
const WIDE_LIMITS = {
  ...{ WEFT_STREAMS: WIDE, WEFT_STREAMS_PER_ADDRESS: WIDE, WEFT_CONNECTIONS_PER_ADDRESS: WIDE },
  ...{ WEFT_CALLS_PER_SECOND: WIDE, WEFT_CALL_BURST: WIDE },
  ...{ WEFT_OPEN_BYTES_PER_ADDRESS: WIDE, WEFT_OPEN_BYTES: WIDE },
};

const STREAMS_PER_CONNECTION = 100;
const ROUNDS = 5;
const TIMEOUT_MS = 300_000;
/** Streams fall silent while their reader, which shares the cores, has no time. */
const SILENCE_MS = 120_000;

/** What so many open subscriptions take of a node, 100 on each HTTP/2 connection, and how long a message to all takes. */
export async function benchSubscriptions(subscriptions: number): Promise<Row[]> {
  await using nodes = await openBenchNodes();
  const node = await nodes.open({ number: 1, env: WIDE_LIMITS });
  const { url } = node.addresses;
  await using api = connectNode({ url });
  const conversation = await startTestConversation({ network: nodes.chain.network, api });
  const before = await usageAtRest(node);
  await using stack = new AsyncDisposableStack();
  const readers = { idle: 0, arrivals: [] as number[] };
  const topic = groupTopic(conversation.group);
  for (let opened = 0; opened < subscriptions; opened += STREAMS_PER_CONNECTION) {
    const connection = stack.use(connectNode({ url, silenceMs: SILENCE_MS }));
    const count = Math.min(STREAMS_PER_CONNECTION, subscriptions - opened);
    for (let i = 0; i < count; i++) void read({ connection, topic, readers });
    await until("they are open", () => readers.idle === opened + count, TIMEOUT_MS);
  }
  const during = await usageAtRest(node);
  const acknowledged: number[] = [];
  const arrivals: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    readers.arrivals = [];
    const startedMs = performance.now();
    acknowledged.push(await timed(() => api.publish({ envelopes: [drawMessage([conversation], 0)] })));
    await until("all have it", () => readers.arrivals.length >= subscriptions, TIMEOUT_MS);
    arrivals.push(...readers.arrivals.map((at) => at - startedMs));
  }
  const after = await usageAtRest(node);
  const subject = `a node with ${subscriptions.toLocaleString("en")} open subscriptions`;
  const rest = `${(before.rssBytes / 1e6).toFixed(0)} MB without`;
  return [
    ...memoryRows({ subject, usage: during }).map((row, i) => (i === 0 ? { ...row, beside: rest } : row)),
    {
      ...{ subject, what: "resident memory of each", unit: "bytes" },
      value: (during.rssBytes - before.rssBytes) / subscriptions,
    },
    { subject, what: "resident memory after messages to all", value: after.rssBytes / 1e6, unit: "MB" },
    { subject, what: "of a core, while nothing happens", value: during.cores * 100, unit: "%" },
    { subject, what: "a message is acknowledged", value: quantile(acknowledged, 0.5), unit: "ms" },
    { subject, what: "it is at half of them", value: quantile(arrivals, 0.5), unit: "ms" },
    { subject, what: "it is at 99 of 100", value: quantile(arrivals, 0.99), unit: "ms" },
  ];
}

async function read(params: {
  connection: NodeConnection;
  topic: Uint8Array;
  readers: { idle: number; arrivals: number[] };
}): Promise<void> {
  const { connection, topic, readers } = params;
  let isOpen = false;
  try {
    for await (const event of connection.subscribe({ topics: [{ topic }] })) {
      if (event.kind === "page") readers.arrivals.push(performance.now());
      if (event.kind === "idle" && !isOpen) {
        isOpen = true;
        readers.idle++;
      }
    }
  } catch (error) {
    // Closed when the bench is done; whoever waits for one that broke gives up in time.
    if (isOpen) return;
    throw error;
  }
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}
