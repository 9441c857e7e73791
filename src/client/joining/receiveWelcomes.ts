import { unwrapWelcome } from "../../identity/wrapWelcome.ts";
import type { StoredEnvelope } from "../../rpc/nodeApi.ts";
import { type Write, writeAtomic } from "../../store/writeAtomic.ts";
import { envelopeHash } from "../../wire/envelope.ts";
import { letOthersRun } from "../../wire/letOthersRun.ts";
import { tables } from "../database/tables.ts";
import type { ClientCore } from "../group/core.ts";
import { leastMs } from "../nodes/chainTime.ts";

const LOOKED_AT_ONCE = 32;

/** Looks through what came into the bucket for Welcomes to this installation, and keeps those. */
export async function receiveWelcomes(params: {
  core: ClientCore;
  envelopes: readonly StoredEnvelope[];
  position: readonly Write[];
}): Promise<void> {
  const { core, envelopes, position } = params;
  await core.welcomes.run(async () => {
    const keyPackages = [...core.keyPackages.values()].map(({ own }) => own).reverse();
    const found: Write[] = [];
    for (const [at, { envelope }] of envelopes.entries()) {
      // A bucket may be full of others' Welcomes.
      if (at % LOOKED_AT_ONCE === LOOKED_AT_ONCE - 1) await letOthersRun();
      const outcome = unwrapWelcome({ envelope, keyPackages });
      if (outcome.kind !== "welcome") continue;
      const { welcome, own } = outcome;
      const record = { welcome, generation: own.generation, receivedAtMs: leastMs(core.links) };
      found.push(tables.welcome.put({ envelope: envelopeHash(envelope) }, record));
    }
    await writeAtomic({ database: core.database, writes: [...found, ...position], sync: found.length > 0 });
    if (found.length === 0) return;
    core.changes++;
    core.joinsWakeup.wake();
  });
}
