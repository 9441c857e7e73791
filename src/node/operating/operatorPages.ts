import type { Registry } from "prom-client";
import type { Asked, Page, Pages } from "../../rpc/servePages.ts";
import { json } from "../nodePages.ts";
import type { LogLevel } from "./logLevel.ts";
import type { NodeReport } from "./nodeReport.ts";
import { processMetrics } from "./processMetrics.ts";

/**
 * Gives the pages of health, and those that are for the operator only, since they tell who does what when: /metrics
 * (Prometheus), /status (JSON), /backup, /log-level.
 */
export function operatorPages(params: {
  health: Pages;
  registry: Registry;
  report: () => Promise<NodeReport>;
  backup: () => Page;
  logLevel: LogLevel;
}): Pages {
  const { health, report, backup, logLevel } = params;
  const registries = [params.registry, processMetrics()];
  return async (path, asked) => {
    if (path === "/log-level") return levelPage({ asked, logLevel });
    if (asked.method !== "GET") return undefined;
    if (path === "/metrics") return await metricsPage(registries);
    if (path === "/status") return json(200, await report());
    if (path === "/backup") return asked.isFromPage ? fromPage : backup();
    return await health(path, asked);
  };
}

/** Refuses a backup to a page that is open in an operator's browser: a backup tells who wrote when. */
const fromPage: Page = {
  status: 403,
  contentType: "text/plain",
  body: "ask by the address, as http://127.0.0.1:7402/backup, and not from a browser's page\n",
};

async function metricsPage(registries: readonly Registry[]): Promise<Page> {
  const parts = await Promise.all(registries.map((registry) => registry.metrics()));
  const [first] = registries;
  return { status: 200, contentType: first?.contentType ?? "text/plain", body: parts.join("\n") };
}

/**
 * Answers `GET /log-level` and `PUT /log-level?level=debug`; a page that is open in somebody's browser may not set the
 * level.
 */
function levelPage({ asked, logLevel }: { asked: Asked; logLevel: LogLevel }): Page | undefined {
  if (asked.method === "GET") return json(200, { level: logLevel.get() });
  if (asked.method !== "PUT" || asked.isFromPage) return undefined;
  const level = asked.query.get("level") ?? "";
  if (logLevel.set(level)) return json(200, { level });
  return json(400, { error: "level is trace, debug, info, warn, error or silent" });
}
