import { awaitReady } from "../../devnet/awaitReady.ts";
import { nodeOf } from "../actors.ts";
import { takeNode } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** A node that does not get ready by then waits for another fault to end. */
const READY_TIMEOUT_MS = 30_000;

/** `{"do":"startNode","node":2}`: on the same ports and data; ends when it is ready. */
export const readStartNode: StepReader = (fields, { nodes }) => {
  const node = takeNode(fields, "node", nodes);
  return {
    title: `node ${node} starts again`,
    body: {
      kind: "move",
      clients: [],
      nodes: [node],
      play: async (stage) => {
        const started = nodeOf({ stage, number: node });
        await started.start();
        await awaitReady({ node: started, timeoutMs: READY_TIMEOUT_MS, signal: stage.signal });
        return { kind: "done" };
      },
    },
  };
};
