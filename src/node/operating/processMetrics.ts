import { collectDefaultMetrics, Registry } from "prom-client";

let registry: Registry | undefined;

/** Of this process: memory, event loop, file handles. One for all nodes in it, since what it watches with never ends. */
export function processMetrics(): Registry {
  if (registry !== undefined) return registry;
  registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
