import type { WeftError } from "../errors.ts";
import type { Page, Pages } from "../rpc/servePages.ts";
import type { NodeMetrics } from "./nodeMetrics.ts";

/**
 * What a plain GET is answered with: /healthz (it runs, and nothing of it has ended for good), /readyz (it answers).
 */
export function healthPages(params: {
  notReady: () => string | undefined;
  failure: () => WeftError | undefined;
  /** What goes wrong and keeps it from nothing that it answers for. */
  warnings: () => readonly string[];
}): Pages {
  const { notReady, failure, warnings } = params;
  return async (path) => {
    switch (path) {
      case "/healthz": {
        const { code, message: reason, hint } = failure() ?? {};
        return code === undefined
          ? json(200, { status: "ok" })
          : json(503, { status: "failed", code, reason, hint });
      }
      case "/readyz": {
        const reason = notReady();
        const also = warnings().length === 0 ? {} : { warnings: warnings() };
        if (reason === undefined) return json(200, { ready: true, ...also });
        return json(503, { ready: false, reason, ...also });
      }
      default:
        return undefined;
    }
  };
}

/** The same, and /metrics (Prometheus): for the operator only, since they tell who does what when. */
export function withMetrics(params: { pages: Pages; metrics: NodeMetrics }): Pages {
  const { pages, metrics } = params;
  return async (path) => {
    if (path !== "/metrics") return await pages(path);
    const { registry } = metrics;
    return { status: 200, contentType: registry.contentType, body: await registry.metrics() };
  };
}

function json(status: number, value: unknown): Page {
  return { status, contentType: "application/json", body: `${JSON.stringify(value)}\n` };
}
