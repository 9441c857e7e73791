import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { NodeReport } from "../../src/node/operating/nodeReport.ts";
import { retireNode } from "../../src/node/operating/retireNode.ts";
import { runWeft } from "../cli/runWeft.ts";
import { startTestConversation } from "../support/startTestConversation.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { until } from "../support/until.ts";

const root = new URL("../../docs/operating/", import.meta.url);

/** Of the process; what prom-client tells beyond what the dashboard shows. */
const LEFT_OUT = [
  "process_cpu_user_seconds_total",
  "process_cpu_system_seconds_total",
  "process_start_time_seconds",
  "process_virtual_memory_bytes",
  "process_heap_bytes",
  "nodejs_eventloop_lag_seconds",
  "nodejs_eventloop_lag_min_seconds",
  "nodejs_eventloop_lag_mean_seconds",
  "nodejs_eventloop_lag_stddev_seconds",
  "nodejs_eventloop_lag_p50_seconds",
  "nodejs_eventloop_lag_p90_seconds",
  "nodejs_active_resources",
  "nodejs_active_resources_total",
  "nodejs_active_handles",
  "nodejs_active_handles_total",
  "nodejs_active_requests",
  "nodejs_active_requests_total",
  "nodejs_heap_size_total_bytes",
  "nodejs_heap_space_size_total_bytes",
  "nodejs_heap_space_size_used_bytes",
  "nodejs_heap_space_size_available_bytes",
  "nodejs_version_info",
  "nodejs_gc_duration_seconds",
];

let network: TestNetwork;
let metrics: string;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
  metrics = network.nodes[0]?.metricsUrl ?? "";
  const { chain, nodes } = network;
  const [{ api } = assert.fail(), other = assert.fail()] = nodes;
  const { post } = await startTestConversation({ network: chain.network, api });
  await api.publish({ envelopes: [post("one"), post("two")] });
  await assert.rejects(api.query({ topics: [{ topic: new Uint8Array(3) }] }));
  const there = await startTestConversation({ network: chain.network, api: other.api });
  await other.api.publish({ envelopes: [there.post("of the other")] });
  await until("the other's", async () => /weft_peer_bytes_total [1-9]/.test(await page("/metrics")));
});

after(() => network?.[Symbol.asyncDispose]());

async function page(path: string, options?: RequestInit): Promise<string> {
  return await (await fetch(`${metrics}${path}`, options)).text();
}

/** Metrics that exist, by name, with their type and help text. */
async function existing(): Promise<Map<string, { type: string; help: string }>> {
  const text = await page("/metrics");
  const helps = new Map(
    [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name = "", help = ""]) => [name, help]),
  );
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Map(types.map(([, name = "", type = ""]) => [name, { type, help: helps.get(name) ?? "" }]));
}

function namesIn(text: string): Set<string> {
  const names = text.match(/\b(?:weft|process|nodejs)_[a-z0-9_]+/g) ?? [];
  return new Set(names.map((name) => name.replace(/_seconds_(bucket|count|sum)$/, "_seconds")));
}

test("the dashboard shows every metric that there is and is not left out by name, and no other", async () => {
  const dashboard = JSON.parse(await readFile(new URL("grafana.json", root), "utf8"));
  const panels: { id: number; targets?: { expr: string }[] }[] = dashboard.panels;
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const shown = namesIn(panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join("\n"));
  const there = [...(await existing()).keys()];
  assert.deepEqual(
    [...shown].filter((name) => !there.includes(name)),
    [],
    "shown and not there",
  );
  const missing = there.filter((name) => !shown.has(name) && !LEFT_OUT.includes(name));
  assert.deepEqual(missing, [], "there and not shown");
  assert.deepEqual(
    LEFT_OUT.filter((name) => shown.has(name)),
    [],
    "shown and left out",
  );
});

test("every metric that an alert names is there, and every alert says what to do", async () => {
  const text = await readFile(new URL("alerts.yml", root), "utf8");
  const names = new Set(
    [...text.matchAll(/^ +expr: (.*)$/gm)].flatMap(([, expr = ""]) => [...namesIn(expr)]),
  );
  const there = await existing();
  assert.ok(names.size > 10);
  for (const name of names) assert.ok(there.has(name), name);
  const count = (pattern: RegExp) => text.match(pattern)?.length;
  assert.equal(count(/- alert: Weft/g), count(/summary: "/g));
});

test("metrics are named as Prometheus wants it, and their help is a sentence", async () => {
  for (const [name, { type, help }] of await existing()) {
    if (!name.startsWith("weft_")) continue;
    assert.match(help, /^[A-Z].*\.$/, name);
    assert.equal(name.endsWith("_total"), type === "counter", name);
  }
  const text = await page("/metrics");
  assert.match(text, /weft_calls_total\{method="Publish",code="ok"\} 1\n/);
  assert.match(text, /weft_calls_total\{method="Query",code="malformed"\} 1\n/);
  assert.match(text, /weft_published_bytes_total [1-9]/);
  assert.match(text, /weft_stored_envelopes_total 3\n/);
  assert.match(text, /weft_database_bytes [1-9]/);
  assert.match(text, /weft_disk_free_bytes [1-9]/);
  assert.match(text, /weft_clock_offset_seconds -?\d/);
});

test("status tells an operator how the node is, with exit code 1 if it is not ready", async () => {
  const [node, other] = network.nodes;
  assert(node !== undefined && other !== undefined);
  const report = JSON.parse(await page("/status")) as NodeReport;
  assert.deepEqual([report.node, report.ready, report.warnings], [node.nodeId, true, []]);
  assert.deepEqual(
    report.peers.map(({ node, operator }) => [node, operator]),
    [[other.nodeId, network.chain.accounts[2]?.address]],
  );
  assert.deepEqual(
    report.ownLogs.map(({ generation, next }) => [generation, next]),
    [[1, 2]],
  );
  const reached = new Map(report.originators.map((one) => [one.node, [one.reached, one.lacks]]));
  assert.deepEqual(
    reached,
    new Map([
      [node.nodeId, [2, 0]],
      [other.nodeId, [1, 0]],
    ]),
  );
  assert.deepEqual(report.holes, { count: 0, envelopes: 0 });

  const shown = await runWeft(["node", "status", "--metrics", metrics]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^state +ready\n/);
  assert.match(shown.stdout, /^relaying +open, \d+\.\d M gas left, .* for newcomers, \d+ coin, /m);
  assert.match(shown.stdout, new RegExp(`${other.nodeId.slice(0, 10)} .*1 +0$`, "m"));
  const nobody = await runWeft(["node", "status", "--metrics", "http://127.0.0.1:9"]);
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /does not answer\nhint.*--metrics.*\(node-unreachable\)/);
});

test("the log's level is changed while the node runs, by its operator and no page in a browser", async () => {
  const level = async () => JSON.parse(await page("/log-level")).level as string;
  const put = (to: string, headers = {}) =>
    fetch(`${metrics}/log-level?level=${to}`, { method: "PUT", headers });
  const before = await level();
  assert.equal((await put("error")).status, 200);
  assert.equal(await level(), "error");
  assert.equal((await put("loud")).status, 400);
  assert.equal((await put("trace", { origin: "http://evil.example" })).status, 404);
  assert.equal(await level(), "error");
  await put(before);
  const { url } = network.nodes[0] ?? {};
  for (const path of ["/log-level", "/status", "/backup", "/metrics"]) {
    assert.equal((await fetch(`${url}${path}`)).status, 404, `${path} is not public`);
  }
});

test("a backup is given to operators' tools and to no page in a browser, whatever name leads here", async () => {
  const statusOf = (headers: Record<string, string>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = get(`${metrics}/backup`, { headers }, (response) => {
        resolve(response.statusCode);
        response.destroy();
      });
      asked.on("error", reject);
    });
  assert.equal(await statusOf({ origin: "http://evil.example" }), 403);
  assert.equal(await statusOf({ host: "rebound.evil.example:9464" }), 403);
  for (const host of ["localhost:9464", "node-1", "[::1]:9464", "10.0.0.7"]) {
    await until(`a backup by ${host}`, async () => (await statusOf({ host })) === 200);
  }
});

test("a node that leaves is warned of, and its bond stays until the registry's delay is over", async () => {
  const { chain, nodes } = network;
  const [, leaving] = nodes;
  assert(leaving !== undefined);
  const settings = {
    networkFile: join(leaving.dataDir, "network.json"),
    dataDir: leaving.dataDir,
    rpcUrl: [chain.rpcUrl],
    operatorKey: chain.accounts[2]?.privateKey,
    maxFeeGwei: 5000,
  };
  const signal = AbortSignal.timeout(60_000);
  const { node } = await retireNode({ settings, act: "leave", signal });
  assert.equal(node, leaving.nodeId);
  await until("the warning", async () => {
    const { warnings } = JSON.parse(await (await fetch(`${leaving.metricsUrl}/status`)).text()) as NodeReport;
    return warnings.some((warning) => /has left the network in block \d+/.test(warning));
  });
  await assert.rejects(retireNode({ settings, act: "withdraw", signal }), {
    code: "not-ready",
    message: /withdrawn from \d{4}-\d\d-\d\dT/,
  });
});
