import { WeftError } from "../../errors.ts";
import { catchFault } from "../../wire/catchFault.ts";
import { decodeKeyPackageRecord } from "../../wire/keyPackageRecord.ts";
import { keyPackageTopic } from "../../wire/topic.ts";
import { rankOwnNodes } from "../asking/rankGroupNodes.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import { noticeCopy } from "../group/noticeCopy.ts";
import { askNodes } from "../nodes/askNodes.ts";

/** Looks whether the nodes have a later key package of this installation than its database: then a copy is at work. */
export async function checkKeyPackage(params: {
  core: ChangingCore & CoreParts<"keyPackages" | "network">;
  signal: AbortSignal;
}): Promise<void> {
  const { core, signal } = params;
  const { key: installation } = core.self.installation;
  const [envelope] = await askNodes({
    ...{ links: core.links, ranked: rankOwnNodes(core, keyPackageTopic(installation)), signal },
    ask: (api) => api.getKeyPackages({ installations: [installation] }, { signal }),
  });
  const record = envelope && catchFault(() => decodeKeyPackageRecord(envelope));
  if (!record || record instanceof WeftError || record.installation !== installation) return;
  const { generation } = record;
  if (generation <= Math.max(0, ...core.keyPackages.keys())) return;
  await noticeCopy({ core, evidence: { kind: "key-package", generation } });
}
