import { canForget } from "../../identity/keyPackageAge.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import type { ClientCore } from "../core.ts";
import { tables } from "../tables.ts";

/** Deletes the secrets of superseded key packages that have had their time. */
export async function forgetKeyPackages(params: { core: ClientCore; nowMs: number }): Promise<void> {
  const { core, nowMs } = params;
  const old = [...core.keyPackages.values()].filter(
    ({ supersededAtMs, used }) => supersededAtMs !== undefined && canForget({ supersededAtMs, used, nowMs }),
  );
  if (old.length === 0) return;
  const writes = old.map(({ own: { generation } }) => tables.keyPackage.del({ generation }));
  await writeAtomic({ database: core.database, writes, sync: false });
  for (const { own } of old) core.keyPackages.delete(own.generation);
}
