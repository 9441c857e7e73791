import { connectNode } from "../../src/rpc/connectNode.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import { startTestConversation } from "../../test/support/startTestConversation.ts";
import { testGroup } from "../../test/support/testGroup.ts";
import { until } from "../../test/support/until.ts";
import { drawMessage } from "./fillStore.ts";
import { type Row, timed } from "./measure.ts";
import { openBenchNodes } from "./openBenchNodes.ts";
import { openSubscriptions } from "./openSubscriptions.ts";
import { memoryRows, usageAtRest } from "./readUsage.ts";

/** For all addresses together; each has what it has by default. */
const WIDE_LIMITS = { WEFT_CONNECTIONS: "16384", WEFT_OPEN_BYTES: "1000000000" };

/** Each with a thousand of 10,000 streams: fewer than one may have. */
const ADDRESSES = 10;
const STREAMS_PER_CONNECTION = 100;
/** Of which one has a message: a group has a thousand members at most. */
const GROUPS = 10;
const ROUNDS = 5;
const TIMEOUT_MS = 300_000;

/** What so many open subscriptions take of a node, 100 on each HTTP/2 connection from ten addresses, and how long a message to a tenth takes. */
export async function benchSubscriptions(count: number): Promise<Row[]> {
  await using nodes = await openBenchNodes();
  const node = await nodes.open({ number: 1, env: WIDE_LIMITS });
  const { url } = node.addresses;
  await using api = connectNode({ url });
  const conversation = await startTestConversation({ network: nodes.chain.network, api });
  const before = await usageAtRest(node);
  const groups = [conversation.group, ...Array.from({ length: GROUPS - 1 }, () => testGroup().group)];
  const topics = groups.map(groupTopic);
  const readers = Math.ceil(count / GROUPS);
  const perConnection = STREAMS_PER_CONNECTION;
  await using subscriptions = await openSubscriptions({
    url,
    topics,
    count,
    perConnection,
    addresses: ADDRESSES,
  });
  const during = await usageAtRest(node);
  const acknowledged: number[] = [];
  const arrivals: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now();
    acknowledged.push(await timed(() => api.publish({ envelopes: [drawMessage([conversation], 0)] })));
    await until("its readers have it", () => subscriptions.arrivals.length >= readers, TIMEOUT_MS);
    arrivals.push(...subscriptions.arrivals.splice(0).map((at) => at - startedMs));
  }
  const after = await usageAtRest(node);
  const subject = `a node with ${count.toLocaleString("en")} open subscriptions`;
  const without = `${(before.rssBytes / 1e6).toFixed(0)} MB without`;
  const each = (during.rssBytes - before.rssBytes) / count;
  return [
    ...memoryRows({ subject, usage: during }),
    { subject, what: "resident memory of each", value: each, unit: "bytes", beside: without },
    { subject, what: "resident memory after five messages", value: after.rssBytes / 1e6, unit: "MB" },
    { subject, what: "of a core, while nothing happens", value: during.cores * 100, unit: "%" },
    {
      subject,
      what: `a message to ${readers} is acknowledged`,
      value: quantile(acknowledged, 0.5),
      unit: "ms",
    },
    { subject, what: "it is at half of these", value: quantile(arrivals, 0.5), unit: "ms" },
    { subject, what: "it is at 99 of 100", value: quantile(arrivals, 0.99), unit: "ms" },
  ];
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}
