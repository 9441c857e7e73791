import { nodeOf } from "../actors.ts";
import { takeNode, takeWord } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"stopNode","node":2,"how":"kill"}`: kill is SIGKILL, term lets it finish. */
export const readStopNode: StepReader = (fields, { nodes }) => {
  const node = takeNode(fields, "node", nodes);
  const how = takeWord(fields, "how", { words: ["kill", "term"], absent: "kill" });
  return {
    title: how === "kill" ? `node ${node} is killed` : `node ${node} stops`,
    body: {
      kind: "move",
      clients: [],
      nodes: [node],
      play: async (stage) => {
        await nodeOf({ stage, number: node }).stop(how);
        return { kind: "done" };
      },
    },
  };
};
