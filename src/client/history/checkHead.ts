import { WeftError } from "../../errors.ts";
import { networkIdentity } from "../../store/openDatabase.ts";
import type { ArchiveHead } from "../../wire/archive.ts";
import type { CoreParts } from "../group/core.ts";
import { awaitDevice } from "./awaitDevice.ts";

/**
 * Checks whose archive it is. Throws `wrong-network`, and `foreign-archive` unless an installation of this client's own
 * inbox has written it: one that the inbox has or had.
 */
export async function checkHead(params: {
  core: CoreParts<"inboxes" | "network" | "online" | "self">;
  head: ArchiveHead;
  signal: AbortSignal;
}): Promise<void> {
  const { core, head, signal } = params;
  const { self } = core;
  for (const [name, value] of Object.entries(networkIdentity(core.network))) {
    const theirs = head.network[name as keyof ArchiveHead["network"]];
    if (theirs === value) continue;
    const message = `the archive has ${name} ${theirs}, not ${value}`;
    const hint = "Read it with a device that is set up on the archive's network.";
    throw new WeftError({ code: "wrong-network", message, hint });
  }
  if (head.inbox !== self.inbox) {
    throw new WeftError({ code: "foreign-archive", message: `the archive is of inbox ${head.inbox}` });
  }
  const { installation } = head;
  if (installation === self.installation.key) return;
  if ((await awaitDevice({ core, installation, signal })) !== "unknown") return;
  const message = `${installation}, which has written the archive, is no device of this inbox as far as that is read`;
  throw new WeftError({ code: "foreign-archive", message });
}
