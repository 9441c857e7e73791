import { WeftError } from "../../errors.ts";
import { createInstallation } from "../../identity/createInstallation.ts";
import { failed, type Intent } from "../../reconciler/records/intent.ts";
import { valuesOf } from "../../store/client/table.ts";
import { type Write, writeAtomic } from "../../store/writeAtomic.ts";
import { asId, type EnvelopeHash, toHex } from "../../wire/ids.ts";
import { type CopyRecord, type IdentityRecord, tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";

/**
 * Gives a database that is a copy the keys of a new installation, in one batch. Nothing is sealed or staged any more by
 * the old one, its groups are read until the new one is taken in, and what was sealed already goes on its way. What was
 * not sealed fails, since the other database may have sent it. Call it while nothing else runs; the caller has to
 * change memory.
 */
export async function replaceInstallation(
  core: CoreParts<"database" | "groups">,
  copy: CopyRecord,
): Promise<void> {
  const { database } = core;
  const known = await tables.identity.get(database, {});
  if (!known) throw new WeftError({ code: "storage", message: "the identity is missing" });
  const { key: installation, privateKey } = createInstallation();
  const fresh = { installation, privateKey, registered: false, action: undefined };
  const identity: IdentityRecord = { ...known, ...fresh };
  const replaced: CopyRecord = { ...copy, isReplaced: true };
  const intents = [...core.groups.values()].flatMap(({ view }) => view.intents.filter(isUnsealed));
  const ended = intents.map((intent) => failed(intent, "copied"));
  await writeAtomic({
    database,
    writes: [
      tables.identity.put({}, identity),
      tables.copy.put({}, replaced),
      ...ended.flatMap((intent) => [tables.outbox.put(intent, intent), tables.openIntent.del(intent)]),
      ...formerGroups(core),
      ...(await forgetKeyPackages(core)),
    ],
    sync: true,
  });
}

function isUnsealed({ progress }: Intent): boolean {
  return progress.kind === "queued" || progress.kind === "staged";
}

function formerGroups({ groups }: CoreParts<"groups">): Write[] {
  // Groups that it was removed from are marked, too: a reorganization may undo that.
  const records = [...groups.values()].map(({ view }) => view.record);
  return records.map((record) => tables.group.put({ group: record.group }, { ...record, isFormer: true }));
}

/** Forgets key packages and Welcomes: what they would let this client join, it would join by the old leaf. */
async function forgetKeyPackages({ database }: CoreParts<"database">): Promise<Write[]> {
  const kept = await valuesOf(tables.keyPackage.rows(database));
  const writes = kept.map(({ own: { generation } }) => tables.keyPackage.del({ generation }));
  for await (const { fields } of tables.welcome.rows(database)) {
    writes.push(tables.welcome.del({ envelope: asId<EnvelopeHash>(toHex(fields.envelope)) }));
  }
  return writes;
}
