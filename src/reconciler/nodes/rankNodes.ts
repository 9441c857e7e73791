import { concatBytes } from "../../crypto/concatBytes.ts";
import { labeledHash, u64 } from "../../wire/bytes.ts";
import { fromHex, type NodeId, toHex } from "../../wire/ids.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** The number of days since 1970-01-01 UTC. */
export function utcDay(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

/**
 * Orders the nodes of a conversation, best first: rendezvous order by SHA-256("weft.rank.v1" ‖ salt ‖ day (u64) ‖ node
 * id), highest first. So all members agree without talking, and when a node goes, only its own conversations move. If a
 * node fails, the next one in this order serves. `preferred` is put first if it is among the nodes.
 */
export function rankNodes<T extends { readonly node: NodeId }>(params: {
  /** The active nodes of the registry, in any order. */
  nodes: readonly T[];
  /** See `utcDay`. */
  day: number;
  /** 32 bytes, from the group context. */
  salt: Uint8Array;
  preferred?: NodeId | undefined;
}): T[] {
  const prefix = concatBytes(params.salt, u64(params.day));
  return params.nodes
    .map((node) => ({ node, score: scoreOf({ prefix, node, preferred: params.preferred }) }))
    .sort((a, b) => (a.score < b.score ? 1 : -1))
    .map(({ node }) => node);
}

/** Scores are compared as text: an override sorts after all hexadecimal digits. */
function scoreOf(params: {
  prefix: Uint8Array;
  node: { readonly node: NodeId };
  preferred: NodeId | undefined;
}): string {
  const { prefix, node, preferred } = params;
  if (node.node === preferred) return "preferred";
  return toHex(labeledHash({ label: "weft.rank.v1", fields: [prefix, fromHex(node.node)] })).slice(2);
}
