import { wallMs } from "../../clock/wallMs.ts";
import type { Page } from "../../rpc/servePages.ts";
import { exportDatabase } from "../../store/backup/exportDatabase.ts";
import type { NodeParts } from "../openNodeParts.ts";

/** Gives a backup of a running node, one at a time: while it is read, nothing of it is removed. */
export function backupPage(parts: Pick<NodeParts, "admission" | "node" | "logger">): () => Page {
  const { admission, node, logger } = parts;
  const { database } = admission.store;
  let isRunning = false;
  const run = async function* (): AsyncGenerator<Uint8Array> {
    // The caller may have gone before the first byte, and then nothing here runs.
    if (isRunning) throw new Error("another backup is being read");
    isRunning = true;
    try {
      yield* exportDatabase({ database, node, now: wallMs() });
      logger.info({}, "a backup was read");
    } catch (error) {
      logger.error({ err: error }, "a backup broke off");
      throw error;
    } finally {
      isRunning = false;
    }
  };
  return () => {
    if (isRunning) return { status: 503, contentType: "text/plain", body: "another backup is being read\n" };
    return { status: 200, contentType: "application/octet-stream", body: run() };
  };
}
