import { writeAtomic } from "../../store/writeAtomic.ts";
import type { EnvelopeHash } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import type { ClientCore } from "../group/core.ts";

export async function discardWelcome(params: { core: ClientCore; envelope: EnvelopeHash }): Promise<void> {
  const { core, envelope } = params;
  await writeAtomic({ database: core.database, writes: [tables.welcome.del({ envelope })], sync: false });
}
