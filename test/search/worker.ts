import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { BAD_ENDS, failEveryWrite } from "./everyWrite.ts";
import { searchOrders } from "./searchOrders.ts";

/** `orders`: gives how many histories it took. `writes`: gives how many writes there were. */
export type Task =
  | ({ readonly kind: "orders" } & Parameters<typeof searchOrders>[0])
  | { readonly kind: "writes"; readonly seat: "alice" | "dave" };

/** Runs a task outside of the test runner, which watches every promise and makes the search half as slow again. */
export async function runInWorker(task: Task): Promise<number> {
  const worker = new Worker(new URL(import.meta.url), { workerData: task });
  const [answer] = (await once(worker, "message")) as [number];
  await worker.terminate();
  return answer;
}

if (!isMainThread) parentPort?.postMessage(await carryOut(workerData as Task));

async function carryOut(task: Task): Promise<number> {
  if (task.kind === "orders") return await searchOrders(task);
  // Every second one in one way, in turn; all in all ways: `npm run soak -- --writes`.
  const endsOf = (write: number) => BAD_ENDS.filter((_, i) => 2 * i === write % (2 * BAD_ENDS.length));
  return await failEveryWrite({ seat: task.seat, endsOf });
}
