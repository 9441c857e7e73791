import { importHistory, isWeftError } from "../../index.ts";
import { actorOf } from "../actors.ts";
import { catchUpActor } from "../catchUpActor.ts";
import { takeClient, takeName, takeOptionalName } from "../fields.ts";
import type { Archive } from "../stage.ts";
import type { StepReader } from "../step.ts";
import type { StepOutcome } from "../stepOutcome.ts";

/** `{"do":"import","by":"alice/2","archive":"old"}`; with `"refused":"foreign-archive"` it has to be. */
export const readImport: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const name = takeName(fields, "archive");
  const refused = takeOptionalName(fields, "refused");
  return {
    title: `${by} imports ${name}`,
    body: {
      kind: "move",
      clients: [by],
      nodes: [],
      play: async (stage): Promise<StepOutcome> => {
        const archive = stage.archives.get(name);
        if (!archive) return { kind: "unmet", lacks: [`no step has exported ${name}`] };
        const actor = await actorOf({ stage, name: by });
        await catchUpActor({ stage, actor });
        const lock = { kind: "recovery", text: archive.recovery } as const;
        const code = await importHistory({ client: actor.client, bytes: piecesOf(archive), lock }).then(
          () => undefined,
          (error: unknown) => {
            if (isWeftError(error)) return error.code;
            throw error;
          },
        );
        if (code === refused) return { kind: "done" };
        const lacks = code === undefined ? `it was not refused as ${refused}` : `it was refused as ${code}`;
        return { kind: "unmet", lacks: [lacks] };
      },
    },
  };
};

async function* piecesOf({ pieces }: Archive): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
