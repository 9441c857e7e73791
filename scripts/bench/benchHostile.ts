import { readNodeSettings } from "../../src/node/settings/readNodeSettings.ts";
import { REFUSED_ENVELOPE_BYTES } from "../../src/rpc/limits.ts";
import { LEAST_ENVELOPE_COST } from "../../src/wire/limits.ts";
import type { Row } from "./measure.ts";
import { measureCosts } from "./measureCosts.ts";
import { oneHour } from "./oneHour.ts";
import { openBenchNodes } from "./openBenchNodes.ts";

/** No rate of calls or bytes is in the way while it is measured what each of them takes. */
const WIDE = "1000000000";
const WIDE_RATES = {
  ...{ WEFT_CALLS_PER_SECOND: WIDE, WEFT_CALL_BURST: WIDE },
  ...{ WEFT_PUBLISHED_BYTES_PER_SECOND: WIDE, WEFT_PUBLISHED_BYTES_BURST: WIDE },
  ...{ WEFT_MESSAGE_BYTES_PER_SECOND: WIDE, WEFT_MESSAGE_BYTES_BURST: WIDE },
  ...{ WEFT_ALL_MESSAGE_BYTES_PER_SECOND: WIDE, WEFT_ALL_MESSAGE_BYTES_BURST: WIDE },
};

const HOUR_SECONDS = 3_600;

/**
 * What one address that takes all it gets can cost a node in an hour by the default limits. Gas and bytes are what the
 * limits give out under a clock that moves by hand; what each call, envelope and stream takes is measured. `beside` says
 * what it was before there were limits.
 */
export async function benchHostile(): Promise<Row[]> {
  const settings = readNodeSettings({ chosen: {}, environment: {} });
  const { gas, gasAtOnce, coins, publishedBytes } = oneHour(settings);
  await using nodes = await openBenchNodes();
  const node = await nodes.open({ number: 1, env: WIDE_RATES });
  const { streamsPerAddress: streams, connectionsPerAddress: connections } = settings;
  const costs = await measureCosts({ nodes, node, streams, connections });
  const calls = settings.callBurst + settings.callsPerSecond * HOUR_SECONDS;
  const handedIn = settings.publishedBytesBurst + settings.publishedBytesPerSecond * HOUR_SECONDS;
  const seconds = {
    calls: (calls * costs.call) / 1_000,
    taken: ((publishedBytes / LEAST_ENVELOPE_COST) * costs.taken) / 1_000,
    refused: ((handedIn / REFUSED_ENVELOPE_BYTES) * costs.refused) / 1_000,
    streams: costs.streams.cores * HOUR_SECONDS,
  };
  const all = Object.values(seconds).reduce((sum, one) => sum + one, 0);
  const subject = "one hostile address, in an hour, at most";
  const each = (cost: number, what: string) => `${cost.toFixed(2)} ms of a core for ${what}`;
  return [
    { subject, what: "gas", value: gas / 1e6, unit: "million gas", beside: "before: 114,840, then nothing" },
    { subject, what: "of it at once", value: gasAtOnce / 1e6, unit: "million gas" },
    {
      subject,
      what: "coin where gas is dear",
      value: coins,
      unit: "coin",
      beside: "before: all that there was",
    },
    { subject, what: "published bytes", value: publishedBytes / 1e6, unit: "MB", beside: "before: 8,000" },
    { subject, what: "CPU", value: all, unit: "s", beside: "before: all of a core" },
    { subject, what: "of it by calls", value: seconds.calls, unit: "s", beside: each(costs.call, "a call") },
    {
      ...{ subject, what: "by messages that are taken", value: seconds.taken, unit: "s" },
      beside: each(costs.taken, "each"),
    },
    {
      ...{ subject, what: "by strangers' messages, refused", value: seconds.refused, unit: "s" },
      beside: each(costs.refused, "each"),
    },
    { subject, what: `by ${streams} idle streams`, value: seconds.streams, unit: "s" },
    {
      ...{ subject, what: "memory of open calls", value: settings.openBytesPerAddress / 1e6, unit: "MB" },
      beside: "before: 1,300 in 20 s",
    },
    {
      ...{ subject, what: `memory of ${streams} streams`, value: costs.streams.bytes / 1e6, unit: "MB" },
      beside: `on ${connections} connections`,
    },
  ];
}
