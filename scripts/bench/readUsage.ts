import { setTimeout as delay } from "node:timers/promises";
import type { DevnetNode } from "../../src/devnet/devnetNode.ts";
import { middleOf, type Row } from "./measure.ts";

/** What a node's process takes, by its own metrics. */
export type Usage = {
  readonly rssBytes: number;
  /** What JavaScript has in use, with what was not collected yet. */
  readonly heapBytes: number;
  /** Since its start. */
  readonly cpuSeconds: number;
};

const SAMPLES = 9;
const SAMPLE_MS = 500;

export async function readUsage(node: DevnetNode): Promise<Usage> {
  const text = await (await fetch(node.addresses.metrics ?? "")).text();
  const metric = (name: string): number => {
    const written = new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1];
    if (written === undefined) throw new Error(`the node has no metric ${name}`);
    return Number(written);
  };
  return {
    rssBytes: metric("process_resident_memory_bytes"),
    heapBytes: metric("nodejs_heap_size_used_bytes"),
    cpuSeconds: metric("process_cpu_seconds_total"),
  };
}

/** The middle of some seconds: memory goes up and down between two collections. */
export async function usageAtRest(node: DevnetNode): Promise<Usage & { readonly cores: number }> {
  const startedMs = performance.now();
  const samples: Usage[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    samples.push(await readUsage(node));
    await delay(SAMPLE_MS);
  }
  const last = await readUsage(node);
  const seconds = (performance.now() - startedMs) / 1_000;
  return {
    rssBytes: middleOf(samples.map(({ rssBytes }) => rssBytes)),
    heapBytes: middleOf(samples.map(({ heapBytes }) => heapBytes)),
    cpuSeconds: last.cpuSeconds,
    cores: (last.cpuSeconds - (samples[0]?.cpuSeconds ?? Number.NaN)) / seconds,
  };
}

export function memoryRows(params: { subject: string; usage: Usage }): Row[] {
  const { subject, usage } = params;
  return [
    { subject, what: "resident memory", value: usage.rssBytes / 1e6, unit: "MB" },
    { subject, what: "heap in use", value: usage.heapBytes / 1e6, unit: "MB" },
  ];
}
