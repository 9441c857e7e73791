import { canForget, KEY_PACKAGE_GRACE_MS } from "../../identity/keyPackageAge.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";

/**
 * Deletes the secrets of superseded key packages that have had their time. A key package that was superseded later than
 * now, by a clock that was ahead, has its time from now on.
 */
export async function forgetKeyPackages(params: {
  core: CoreParts<"database" | "keyPackages">;
  nowMs: number;
}): Promise<void> {
  const { core, nowMs } = params;
  const old = [...core.keyPackages.values()].filter(
    ({ supersededAtMs, used }) => supersededAtMs !== undefined && canForget({ supersededAtMs, used, nowMs }),
  );
  const early = [...core.keyPackages.values()]
    .filter(({ supersededAtMs = 0 }) => supersededAtMs > nowMs + KEY_PACKAGE_GRACE_MS)
    .map((kept) => ({ ...kept, supersededAtMs: nowMs }));
  if (old.length + early.length === 0) return;
  const writes = [
    ...old.map(({ own: { generation } }) => tables.keyPackage.del({ generation })),
    ...early.map((kept) => tables.keyPackage.put({ generation: kept.own.generation }, kept)),
  ];
  await writeAtomic({ database: core.database, writes, sync: false });
  for (const { own } of old) core.keyPackages.delete(own.generation);
  for (const kept of early) core.keyPackages.set(kept.own.generation, kept);
}
