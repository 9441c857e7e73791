import type { Client } from "./client.ts";
import { coreOf } from "./client.ts";

/**
 * Lets the client die at its next write to its database, as a process that is killed: for tests and plays, no app sees
 * it. That write takes effect or not; no later one does, and nothing more is sent. Resolves when the client has died
 * and its directory can be opened again, or when it was closed.
 */
export async function crashAtNextWrite(params: {
  client: Client;
  takesEffect: boolean;
  /** Called at that write. */
  onDeath?: () => void;
}): Promise<void> {
  const { client, takesEffect, onDeath = () => {} } = params;
  const core = coreOf(client);
  const { level } = core.database;
  const write = level.batch.bind(level) as (...args: unknown[]) => Promise<void>;
  const dead = Promise.withResolvers<void>();
  let dies = true;
  const die = async (...args: unknown[]): Promise<void> => {
    const isLast = dies;
    dies = false;
    if (isLast) {
      onDeath();
      if (takesEffect) await write(...args);
      core.closing.abort();
    }
    throw new Error("the process died at this write");
  };
  level.batch = die as typeof level.batch;
  core.closing.signal.addEventListener("abort", () => dead.resolve(), { once: true });
  await dead.promise;
  await client[Symbol.asyncDispose]();
}
