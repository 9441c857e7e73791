import type { GroupId } from "../../wire/ids.ts";
import type { CoreParts } from "../group/core.ts";

/**
 * Asks a group for one thing after another, in the order of the app's calls: each message is composed behind those that
 * were asked for before it, also by an app that awaits none of them.
 */
export async function inTurn<Result>(params: {
  core: CoreParts<"groups">;
  group: GroupId;
  ask: () => Promise<Result>;
}): Promise<Result> {
  const { core, group, ask } = params;
  const asking = core.groups.get(group)?.asking;
  return asking ? await asking.run(ask) : await ask();
}
