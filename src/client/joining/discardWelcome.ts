import { writeAtomic } from "../../store/writeAtomic.ts";
import type { EnvelopeHash } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";

export async function discardWelcome(params: {
  core: CoreParts<"database">;
  envelope: EnvelopeHash;
}): Promise<void> {
  const { core, envelope } = params;
  await writeAtomic({ database: core.database, writes: [tables.welcome.del({ envelope })], sync: false });
}
