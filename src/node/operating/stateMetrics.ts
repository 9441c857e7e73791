import { Counter, Gauge, type Registry } from "prom-client";
import { formatCoin } from "../../chain/submit/coin.ts";
import type { Mesh } from "../../mesh/startMesh.ts";
import { logHeads } from "../../store/node/logStore.ts";
import type { NodeParts } from "../openNodeParts.ts";
import { floorOf, relayingTrouble } from "../relaying/relaying.ts";
import type { NodeState } from "./nodeState.ts";

type Reading = {
  readonly name: string;
  readonly help: string;
  readonly read: () => Promise<number> | number;
};

/** Adds metrics that are read off the node when somebody asks for them. */
export function addStateMetrics(params: {
  registry: Registry;
  parts: NodeParts;
  mesh: Mesh;
  state: NodeState;
  warnings: () => readonly string[];
  version: string;
}): void {
  const { registry, parts, version } = params;
  for (const reading of gaugesOf(params)) addReading({ kind: Gauge, registry, reading });
  for (const reading of countersOf(params)) addReading({ kind: Counter, registry, reading });
  const info = new Gauge({
    name: "weft_node_info",
    help: "This is always 1; its labels say which node this is, and its version.",
    labelNames: ["node", "version"],
    registers: [registry],
  });
  info.set({ node: parts.node, version }, 1);
}

function gaugesOf(params: Parameters<typeof addStateMetrics>[0]): Reading[] {
  const { parts, mesh, state, warnings } = params;
  const { readiness, chain, admission, relaying } = parts;
  const { purse, budget } = relaying;
  const unknown = Number.NaN;
  const lacking = (): number => mesh.lag().logs.reduce((sum, { lacks }) => sum + lacks, 0);
  const holes = async (): Promise<number> =>
    (await state.holes()).reduce((sum, { first, end }) => sum + Number(end - first), 0);
  const isPoor = (): boolean => relayingTrouble(relaying)?.code === "unfunded";
  // biome-ignore format: one metric a line
  return [
    { name: "weft_relay_gas_left", help: "Gas that relaying may take now, for all addresses together.", read: () => budget.left().all },
    { name: "weft_relay_newcomer_gas_left", help: "The part of it that first entries of groups and new inboxes may take now.", read: () => budget.left().newcomers },
    { name: "weft_relay_coins_left", help: "Coin that relaying may take now, for all addresses together; not a number if only its gas is bounded.", read: () => (budget.left().gwei ?? unknown) / 1e9 },
    { name: "weft_relay_floor_coins", help: "What stays in the relaying account at the present price of gas, in coin.", read: () => coins(floorOf(relaying)) },
    { name: "weft_relay_balance_coins", help: "What the relaying account holds, in coin.", read: () => coins(purse.balanceWei) },
    { name: "weft_operator_balance_coins", help: "What the operator's account holds, in coin.", read: () => coins(purse.operatorWei) },
    { name: "weft_relay_unfunded", help: "This is 1 while nothing is relayed since the relaying account is down to its floor.", read: () => (isPoor() ? 1 : 0) },
    { name: "weft_failed", help: "This is 1 if something of the node has ended for good and only a restart helps.", read: () => (readiness.failure() === undefined ? 0 : 1) },
    { name: "weft_warnings", help: "Warnings that /readyz and /status list.", read: () => warnings().length },
    { name: "weft_index_lag_blocks", help: "Blocks that the node knows of and its index has not reached.", read: () => state.chainLag().newest - state.chainLag().block },
    { name: "weft_index_lag_seconds", help: "Time between the index's block and the newest one that the node knows of.", read: () => state.chainLag().seconds },
    { name: "weft_newest_block_age_seconds", help: "Age of the newest block that the node knows of, by the machine's clock.", read: () => state.chainLag().newestAgeSeconds ?? unknown },
    { name: "weft_chain_providers", help: "Chain providers that the node was given.", read: () => chain.providers.all.length },
    { name: "weft_clock_offset_seconds", help: "The machine's clock minus the chain's time.", read: () => state.clockOffsetSeconds() ?? unknown },
    { name: "weft_parked_batches", help: "Batches of peers that wait until they can be judged.", read: () => mesh.parked().batches },
    { name: "weft_parked_bytes", help: "Bytes of these batches.", read: () => mesh.parked().bytes },
    { name: "weft_lacking_envelopes", help: "Envelopes that a peer tells of and this node lacks.", read: lacking },
    { name: "weft_lacking_logs", help: "Logs of which a peer tells more than this node holds.", read: () => mesh.lag().logs.length },
    { name: "weft_hole_envelopes", help: "Envelopes in holes: no peer could give them, and their logs went on behind them.", read: holes },
    { name: "weft_logs", help: "Logs of which the node holds something.", read: () => logHeads(admission.store).length },
    { name: "weft_database_bytes", help: "What the database's files take on the disk.", read: async () => (await state.disk()).databaseBytes ?? unknown },
    { name: "weft_disk_free_bytes", help: "Free bytes on the disk that the database is on.", read: async () => (await state.disk()).freeBytes ?? unknown },
  ];
}

function countersOf(params: Parameters<typeof addStateMetrics>[0]): Reading[] {
  const { parts, mesh } = params;
  const { admission, traffic, relaying } = parts;
  const unregistered = (): number => [...mesh.refused.values()].reduce((sum, times) => sum + times, 0);
  // biome-ignore format: one metric a line
  return [
    { name: "weft_stored_envelopes_total", help: "Envelopes that were ever stored in this database.", read: () => Number(admission.store.state.nextOffset) },
    { name: "weft_pruned_envelopes_total", help: "Envelopes that were removed because they had been kept for long enough, since the start.", read: () => traffic.pruned },
    { name: "weft_peer_bytes_total", help: "Bytes of envelopes that came from other nodes and were stored, since the start.", read: () => traffic.received },
    { name: "weft_published_bytes_total", help: "Bytes of envelopes that clients published by way of this node, since the start.", read: () => traffic.published },
    { name: "weft_relayed_gas_total", help: "Gas that was offered for what clients had relayed, since the start.", read: () => relaying.spentGas },
    { name: "weft_relayed_coins_total", help: "Coin that was offered for that gas, since the start.", read: () => coins(relaying.spentWei) },
    { name: "weft_unregistered_peers_total", help: "Connections that were refused because the registry does not name the peer.", read: unregistered },
  ];
}

/** Gives an amount in coin for a gauge, which is a number of about 16 digits. */
function coins(wei: bigint | undefined): number {
  return wei === undefined ? Number.NaN : Number(formatCoin(wei));
}

function addReading(params: {
  kind: typeof Gauge | typeof Counter;
  registry: Registry;
  reading: Reading;
}): void {
  const { kind: Kind, registry, reading } = params;
  const { name, help, read } = reading;
  new Kind({
    name,
    help,
    registers: [registry],
    async collect(this: Gauge | Counter) {
      const value = await read();
      this.reset();
      this.inc(value);
    },
  });
}
