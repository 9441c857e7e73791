import type { WeftError } from "../errors.ts";
import type { Page } from "../rpc/serveRpc.ts";
import type { NodeMetrics } from "./nodeMetrics.ts";

/**
 * What a plain GET is answered with: /health (it runs, and nothing of it has ended for good), /ready (it answers),
 * /metrics (Prometheus).
 */
export function nodePages(params: {
  metrics: NodeMetrics;
  notReady: () => string | undefined;
  failure: () => WeftError | undefined;
  /** What goes wrong and keeps it from nothing that it answers for. */
  warnings: () => readonly string[];
}): (path: string) => Promise<Page | undefined> {
  const { metrics, notReady, failure, warnings } = params;
  return async (path) => {
    switch (path) {
      case "/health": {
        const { code, message: reason, hint } = failure() ?? {};
        return code === undefined
          ? json(200, { status: "ok" })
          : json(503, { status: "failed", code, reason, hint });
      }
      case "/ready": {
        const reason = notReady();
        const also = warnings().length === 0 ? {} : { warnings: warnings() };
        if (reason === undefined) return json(200, { ready: true, ...also });
        return json(503, { ready: false, reason, ...also });
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
