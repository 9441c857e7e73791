import { WeftError } from "../../errors.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { NodeId } from "../../wire/ids.ts";
import { forgetInboxes, type RegistryReading } from "../asking/askRegistry.ts";
import { askWitness } from "../asking/askWitness.ts";
import type { ClientCore } from "../group/core.ts";
import { judgeAwaited } from "../messages/judgeAwaited.ts";
import { forgetCoverage } from "../messages/knownCoverage.ts";

/** A reorganization that a node told of. */
export type ToldRollback = {
  /** The last block that is still there. */
  readonly to: BlockRef;
  /** The head that the node had told of before; undefined: none. */
  readonly told: BlockRef | undefined;
};

/** Joins two rollbacks, told one after the other, into one that takes what both took. */
export function lowerRollback(known: ToldRollback | undefined, next: ToldRollback): ToldRollback {
  if (!known) return next;
  return { to: known.to.number < next.to.number ? known.to : next.to, told: known.told };
}

/**
 * Forgets what was read of the blocks that a reorganization took, once a witness agrees that another block has the
 * place of the head that the node told of before. Call it with every head until it is settled. Throws `malformed` if
 * the node told of a reorganization that was none.
 */
export async function agreeOnRollback(params: {
  core: ClientCore;
  node: NodeId;
  api: Pick<NodeApi, "readWords">;
  reading: RegistryReading;
  rollback: ToldRollback;
  head: BlockRef;
  signal: AbortSignal;
}): Promise<"settled" | "open"> {
  const { core, node, api, reading, rollback, head, signal } = params;
  const { to, told } = rollback;
  if (!told || told.number <= to.number) return "settled";
  if (head.number < told.number) return "open";
  const none = { entries: [], inboxes: [], wallets: [], nodes: [], checkpoints: [] };
  const question = { ...none, block: head.hash, blocks: [told.number] };
  const { words } = await api.readWords(question, { signal });
  if (!words) return "open";
  const [now] = words.blocks;
  if (!now || now.hash === told.hash) throw invented(node);
  const { kind } = await askWitness({
    ...{ core, serving: node, signal },
    claim: { head, facts: [{ kind: "block", block: now }] },
  });
  if (kind === "contradicted") throw invented(node);
  if (kind !== "agreed") return "open";
  await forgetInboxes({ core, reading, afterBlock: to.number });
  await forgetCoverage({ core, afterBlock: to.number });
  for (const group of [...core.groups.values()]) await group.queue.run(() => judgeAwaited({ core, group }));
  core.identityWakeup.wake();
  return "settled";
}

function invented(node: NodeId): WeftError {
  return new WeftError({ code: "malformed", message: `${node} told of a reorganization that was none` });
}
