import { nodeIdOf } from "../../chain/nodeIdOf.ts";
import { nodeWord } from "../../chain/nodeWord.ts";
import { isWeftError } from "../../errors.ts";
import type { NodeRecord } from "../../rpc/nodeApi.ts";
import { catchFault } from "../../wire/catchFault.ts";
import { fromHex, type Hex } from "../../wire/ids.ts";
import type { NodeList } from "./nodeList.ts";

/** Of one list; the registry would have to grow a lot for more. */
const MAX_NODES = 10_000;

/**
 * The records whose id is the hash of their operator and key, so that nobody can list another key for a node; each way
 * in which a node is told of once. Pure.
 */
export function provenRecords(lists: readonly NodeList[]): NodeRecord[] {
  const variants = new Map<Hex, NodeRecord>();
  for (const { records } of lists) {
    for (const record of records.slice(0, MAX_NODES)) {
      const { node, operator, signingKey } = record;
      const id = catchFault(() => nodeIdOf({ operator, signingKey: fromHex(signingKey) }));
      if (isWeftError(id) || id !== node) continue;
      const word = catchFault(() => nodeWord(record));
      if (!isWeftError(word)) variants.set(word, record);
    }
  }
  return [...variants.values()];
}
