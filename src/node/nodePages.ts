import type { WeftError } from "../errors.ts";
import type { Page, Pages } from "../rpc/servePages.ts";

/**
 * Gives the pages that answer a plain GET: /healthz says whether the node runs and nothing of it has ended for good,
 * /readyz whether it answers everything. Both have a second name without the z, which many supervisors ask for by
 * themselves.
 */
export function healthPages(params: {
  notReady: () => string | undefined;
  failure: () => WeftError | undefined;
  /** What goes wrong without keeping the node from anything that it answers for. */
  warnings: () => readonly string[];
}): Pages {
  const { notReady, failure, warnings } = params;
  return async (path, { method }) => {
    if (method !== "GET") return undefined;
    switch (path) {
      case "/health":
      case "/healthz": {
        const { code, message: reason, hint } = failure() ?? {};
        return code === undefined
          ? json(200, { status: "ok" })
          : json(503, { status: "failed", code, reason, hint });
      }
      case "/ready":
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

export function json(status: number, value: unknown): Page {
  return { status, contentType: "application/json", body: `${JSON.stringify(value)}\n` };
}
