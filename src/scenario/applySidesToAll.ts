import { actorsOf } from "./actors.ts";
import { applySides } from "./applySides.ts";
import { survive } from "./crashActor.ts";
import type { Stage } from "./stage.ts";

/** Tells all clients, also one that dies meanwhile and starts again. */
export async function applySidesToAll(stage: Stage): Promise<void> {
  const { devnet } = stage;
  for (const actor of await actorsOf(stage)) {
    await survive({ actor, attempt: () => applySides({ devnet, client: actor.client }) });
  }
}
