import { setTimeout as delay } from "node:timers/promises";
import { blockNumber } from "../../devnet/askNodes.ts";
import { awaitChainRead } from "../../devnet/awaitChainRead.ts";
import { MAX_REORG_BLOCKS } from "../../devnet/localChainCommand.ts";
import { actorOf } from "../actors.ts";
import { takeCount, takeWord } from "../fields.ts";
import type { Stage } from "../stage.ts";
import type { StepReader } from "../step.ts";
import type { StepOutcome } from "../stepOutcome.ts";

type Operation = "pause" | "resume" | "reorg";

/** How long the nodes may take to see that the chain is another one. */
const READ_TIMEOUT_MS = 15_000;
const POLL_MS = 100;

/** `{"do":"chain","op":"pause"}`, `"resume"`, `{"do":"chain","op":"reorg","depth":3}` */
export const readChain: StepReader = (fields) => {
  const op = takeWord<Operation>(fields, "op", { words: ["pause", "resume", "reorg"] });
  const depth = op === "reorg" ? takeCount(fields, "depth", { min: 1 }) : 0;
  const titles = {
    pause: "the chain stands still",
    resume: "the chain goes on",
    reorg: `the chain loses its last ${depth} blocks`,
  };
  return {
    title: titles[op],
    body: {
      kind: "move",
      clients: [],
      nodes: [],
      ...(op === "reorg" ? {} : { pauses: op === "pause" }),
      play: (stage) => play({ stage, op, depth }),
    },
  };
};

async function play(params: { stage: Stage; op: Operation; depth: number }): Promise<StepOutcome> {
  const { stage, op, depth } = params;
  const { devnet, cast, faults, signal } = stage;
  switch (op) {
    case "pause":
      // Nobody can be registered on a chain that stands still.
      await Promise.all(cast.map((name) => actorOf({ stage, name })));
      await devnet.chain.pause();
      faults.chainPaused = true;
      return { kind: "done" };
    case "resume":
      devnet.chain.resume();
      faults.chainPaused = false;
      return { kind: "done" };
    case "reorg": {
      await awaitDepth({ stage, depth });
      const outcome = await devnet.chain.reorg({ depth });
      if (outcome.kind === "refused") {
        return { kind: "unmet", lacks: [`the chain refuses to be reorganised: ${outcome.reason}`] };
      }
      await awaitChainRead({ devnet, timeoutMs: READ_TIMEOUT_MS, signal });
      return { kind: "done" };
    }
  }
}

/** The blocks that are to go came after the contracts: on a chain that is too young for that, more are waited for. */
async function awaitDepth({ stage, depth }: { stage: Stage; depth: number }): Promise<void> {
  const { devnet, faults, signal } = stage;
  const isDeep = async () => (await blockNumber({ devnet, signal })) - depth >= devnet.contractsBlock;
  const isReachable = depth <= MAX_REORG_BLOCKS && !faults.chainPaused;
  while (isReachable && !(await isDeep())) await delay(POLL_MS, undefined, { signal });
}
