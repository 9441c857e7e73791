import { concatBytes } from "../../crypto/concatBytes.ts";
import { labeledHash } from "../../wire/bytes.ts";
import { fromHex, toHex } from "../../wire/ids.ts";
import type { Operated } from "./nextOperators.ts";

/**
 * Orders nodes in a way that only this client knows and that never changes: by SHA-256("weft.draw.v1" ‖ secret ‖
 * operator). An operator that wants to be drawn needs many operators and luck, and has only one try. Pure.
 */
export function drawBySecret<T extends Operated>(params: { secret: Uint8Array; nodes: readonly T[] }): T[] {
  const { secret, nodes } = params;
  const scoreOf = ({ operator, node }: T): string => {
    const fields = [concatBytes(secret, fromHex(operator))];
    return toHex(labeledHash({ label: "weft.draw.v1", fields })) + node;
  };
  return nodes
    .map((node) => ({ node, score: scoreOf(node) }))
    .sort((a, b) => (a.score < b.score ? -1 : 1))
    .map(({ node }) => node);
}
