import { listIntents } from "../index.ts";
import { actorsOf } from "./actors.ts";
import type { Stage } from "./stage.ts";

/** Takes from the clients' databases what became of the play's intents: a reorg or a crash may open one again. */
export async function readIntents(params: { stage: Stage }): Promise<void> {
  const { stage } = params;
  for (const { name, client } of await actorsOf(stage)) {
    const known = new Map((await listIntents({ client })).map((intent) => [intent.id, intent]));
    for (const record of stage.intents.filter(({ by }) => by === name)) {
      const intent = record.intent && known.get(record.intent);
      if (!intent) continue;
      record.acknowledged = intent.acknowledged;
      record.outcome = intent.outcome;
    }
  }
}
