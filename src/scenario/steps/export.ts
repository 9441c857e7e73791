import { createRecoveryText, exportHistory } from "../../index.ts";
import { actorOf } from "../actors.ts";
import { catchUpActor } from "../catchUpActor.ts";
import { takeClient, takeName } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"export","by":"alice","as":"old"}`: what alice has seen, as an archive that later steps name. */
export const readExport: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const as = takeName(fields, "as");
  return {
    title: `${by} exports the history as ${as}`,
    body: {
      kind: "move",
      clients: [by],
      nodes: [],
      play: async (stage) => {
        const actor = await actorOf({ stage, name: by });
        await catchUpActor({ stage, actor });
        const recovery = createRecoveryText();
        const pieces: Uint8Array[] = [];
        const lock = { kind: "recovery", text: recovery } as const;
        for await (const piece of exportHistory({ client: actor.client, lock })) pieces.push(piece);
        stage.archives.set(as, { pieces, recovery });
        return { kind: "done" };
      },
    },
  };
};
