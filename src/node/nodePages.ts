import type { Page } from "../rpc/serveRpc.ts";
import type { NodeMetrics } from "./nodeMetrics.ts";

/** What a plain GET is answered with: /health (it runs), /ready (it answers), /metrics (Prometheus). */
export function nodePages(params: {
  metrics: NodeMetrics;
  notReady: () => string | undefined;
}): (path: string) => Promise<Page | undefined> {
  const { metrics, notReady } = params;
  return async (path) => {
    switch (path) {
      case "/health":
        return json(200, { status: "ok" });
      case "/ready": {
        const reason = notReady();
        return reason === undefined ? json(200, { ready: true }) : json(503, { ready: false, reason });
      }
      case "/metrics": {
        const { registry } = metrics;
        return { status: 200, contentType: registry.contentType, body: await registry.metrics() };
      }
      default:
        return undefined;
    }
  };
}

function json(status: number, value: unknown): Page {
  return { status, contentType: "application/json", body: `${JSON.stringify(value)}\n` };
}
