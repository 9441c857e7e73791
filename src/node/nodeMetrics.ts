import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { OnCall } from "../rpc/codedRoutes.ts";
import type { PublishOutcome, RelayAnswer } from "../rpc/nodeApi.ts";

/** What the node counts of its own work. */
export type NodeMetrics = {
  readonly registry: Registry;
  readonly countPublished: (params: { outcomes: readonly PublishOutcome[]; seconds: number }) => void;
  readonly countRelayed: (params: { what: "append" | "identity"; outcome: RelayAnswer }) => void;
  readonly countFault: (params: { method: string }) => void;
  readonly countRefusal: (params: { limit: string }) => void;
  readonly countCall: OnCall;
};

/** What is read when the metrics are asked for. */
export type Gauges = Readonly<
  Record<
    | "indexBlock"
    | "newestBlock"
    | "peers"
    | "ready"
    | "inFlight"
    | "relayTrouble"
    | "streams"
    | "diskLow"
    | "connections"
    | "openBytes",
    () => number
  >
>;

const LATENCY_SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

const gaugeHelp: Record<keyof Gauges, [name: string, help: string]> = {
  indexBlock: ["weft_index_block", "Block that the chain index has reached."],
  newestBlock: ["weft_newest_block", "Newest block that the node knows of."],
  peers: ["weft_peers", "Nodes that this one is connected to."],
  ready: ["weft_ready", "This is 1 if the node answers everything; /readyz and /status say why not."],
  inFlight: ["weft_transactions_in_flight", "Transactions that were sent and are in no block yet."],
  relayTrouble: [
    "weft_relay_trouble",
    "This is 1 if what the node sends does not land; /readyz and /status say why.",
  ],
  diskLow: ["weft_disk_low", "This is 1 while nothing is published here for lack of room on the disk."],
  streams: ["weft_streams", "Open subscriptions and chain streams."],
  connections: [
    "weft_connections",
    "Open connections to the public API; those by trusted proxies are not counted.",
  ],
  openBytes: ["weft_open_bytes", "Bytes that open calls keep in memory, as the limits count them."],
};

/**
 * Creates the node's metrics.
 * @param batches outcomes of peers' batches, by name
 * @param checkpoints checkpoints of the own logs, by outcome
 */
export function createNodeMetrics(params: {
  gauges: Gauges;
  batches: () => ReadonlyMap<string, number>;
  checkpoints: () => ReadonlyMap<string, number>;
}): NodeMetrics {
  const registry = new Registry();
  addGauges({ registry, gauges: params.gauges });
  addOutcomes({
    registry,
    name: "weft_peer_batches_total",
    help: "Batches of peers since the start, by outcome.",
    read: params.batches,
  });
  addOutcomes({
    registry,
    name: "weft_checkpoints_total",
    help: "Calls to anchor the node's own log on chain since the start, by outcome.",
    read: params.checkpoints,
  });
  return { registry, ...publishing(registry), ...relaying(registry), ...calling(registry) };
}

function addGauges({ registry, gauges }: { registry: Registry; gauges: Gauges }): void {
  for (const [key, [name, help]] of Object.entries(gaugeHelp)) {
    const read = gauges[key as keyof Gauges];
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }
}

/** Adds a counter that is read, by outcome, when the metrics are asked for. */
function addOutcomes(params: {
  registry: Registry;
  name: string;
  help: string;
  read: () => ReadonlyMap<string, number>;
}): void {
  const { registry, name, help, read } = params;
  new Counter({
    name,
    help,
    labelNames: ["outcome"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, times] of read()) this.inc({ outcome }, times);
    },
  });
}

function publishing(registry: Registry): Pick<NodeMetrics, "countPublished"> {
  const registers = [registry];
  const published = new Counter({
    name: "weft_published_total",
    help: "Envelopes that clients published, by outcome.",
    labelNames: ["outcome"],
    registers,
  });
  const publishSeconds = new Histogram({
    name: "weft_publish_seconds",
    help: "Time from a publish call to its receipts on disk.",
    buckets: LATENCY_SECONDS,
    registers,
  });
  return {
    countPublished: ({ outcomes, seconds }) => {
      publishSeconds.observe(seconds);
      for (const outcome of outcomes) published.inc({ outcome: nameOf(outcome) });
    },
  };
}

function relaying(registry: Registry): Pick<NodeMetrics, "countRelayed"> {
  const relayed = new Counter({
    name: "weft_relayed_total",
    help: "Transactions that clients asked to relay, by kind and outcome.",
    labelNames: ["what", "outcome"],
    registers: [registry],
  });
  return { countRelayed: ({ what, outcome }) => relayed.inc({ what, outcome: nameOf(outcome) }) };
}

function calling(registry: Registry): Pick<NodeMetrics, "countFault" | "countRefusal" | "countCall"> {
  const registers = [registry];
  const faults = new Counter({
    name: "weft_faults_total",
    help: "Calls that failed by a defect or by the disk, by method.",
    labelNames: ["method"],
    registers,
  });
  const refusals = new Counter({
    name: "weft_refusals_total",
    help: "Times that a caller was refused for too much of something, by what it was.",
    labelNames: ["limit"],
    registers,
  });
  const calls = new Counter({
    name: "weft_calls_total",
    help: "Calls of the API, by method and by how they ended: ok, canceled, or a code of errors.",
    labelNames: ["method", "code"],
    registers,
  });
  const callSeconds = new Histogram({
    name: "weft_call_seconds",
    help: "Time that calls took, by method; streams are left out.",
    labelNames: ["method"],
    buckets: LATENCY_SECONDS,
    registers,
  });
  return {
    countFault: (labels) => faults.inc(labels),
    countRefusal: (labels) => refusals.inc(labels),
    countCall: ({ method, code, seconds }) => {
      calls.inc({ method, code });
      if (seconds !== undefined) callSeconds.observe({ method }, seconds);
    },
  };
}

function nameOf(outcome: PublishOutcome | RelayAnswer): string {
  return outcome.kind === "refused" ? outcome.code : outcome.kind;
}
